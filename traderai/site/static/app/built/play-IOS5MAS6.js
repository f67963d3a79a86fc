import{a as be,b as ke,c as we,d as _e,e as xe,f as Se,g as Me,h as ae,i as Ce,j as Le}from"./chunk-TRFDUBCW.js";import{a as Oe}from"./chunk-TIUXDH5W.js";import{a as H,e as O}from"./chunk-USXVPBWT.js";import{B as k,D as L,O as A,Q as F,W as J,_ as $e,aa as de,b as S,c as v,ca as K,d as _,da as B,ea as Y,f as b,ga as me,h as i,ja as N,k as T,m as D,ma as U,na as he,oa as Q,pa as ee,q as M,r as a,ra as fe,s as $,sa as te,ta as f,ua as ye,va as ne,w as P,wa as ge,x as I,xa as E,ya as ve}from"./chunk-A3LVVLQG.js";var Ee=2,Ze=5,Xe=.22,Je=3e3,Qe=60,et=.35,tt=7*86400,Te=3*3600;function ie(e){return e.map(t=>({...t,time:Date.parse(t.begin)/1e3+Te}))}function nt(e,t){let n=D.value==="ru"?"ru-RU":"en-GB",s=(r,p)=>new Date(r*1e3).toLocaleString(n,{timeZone:"UTC",...p}),o={hour:"2-digit",minute:"2-digit",hourCycle:"h23"},l=e.disguised?{weekday:"short"}:{day:"numeric",month:"short"};if(e.timeframe==="1d"&&e.disguised){let r=new Map(t.map((c,u)=>[c.time,u])),p=c=>r.has(c)?a("play.chart.back",{n:t.length-1-r.get(c)}):"";return{tick:p,hover:p}}return{tick:(r,p)=>s(r,p===ke.Time?o:l).replace(/ г\./,""),hover:r=>`${s(r,e.timeframe==="1d"?{...l,year:"numeric"}:{...l,...o})}${e.timeframe==="1d"?"":` ${a("unit.msk")}`}`}}var se=class extends Se{x(t,n){return t===null?n.bitmapSize.width:super.x(t,n)}},le=class extends xe{constructor(t,n){super(),Object.assign(this,{time:t,line:n})}paint(t){let n=this.x(this.time,t);if(n===null)return;let{context:s,horizontalPixelRatio:o}=t,l=Math.round(n+this.chart.timeScale().options().barSpacing/2*o)+.5;s.save(),s.strokeStyle=this.line,s.lineWidth=Math.max(1,Math.floor(o)),s.setLineDash([4*o,4*o]),s.beginPath(),s.moveTo(l,0),s.lineTo(l,t.bitmapSize.height),s.stroke(),s.restore()}};function at(e){let t=new Intl.DateTimeFormat("en-GB",{timeZone:"Europe/Moscow",year:"numeric",month:"2-digit",day:"2-digit",hour:"2-digit",minute:"2-digit",hourCycle:"h23"}).formatToParts(new Date(e)),n=s=>Number(t.find(o=>o.type===s).value);return Date.UTC(n("year"),n("month")-1,n("day"),n("hour"),n("minute"))/1e3}function Re({trade:e,action:t,name:n,shape:s,deal:o,reveal:l,after:r}){if(!e||!r.length)return[];let p=o.disguised?at(e.entry_at)+l.weeks*tt:Date.parse(e.entry_at)/1e3+Te,c=Math.max(0,r.findIndex(w=>w.time>=p)),u=Math.min(r.length-1,c+e.bars_held-1),h=t==="BUY";return[{time:r[c].time,position:h?"belowBar":"aboveBar",shape:h?"arrowUp":"arrowDown",color:O("--accent"),text:n},{time:r[u].time,position:"atPriceMiddle",price:e.exit_price*l.price_factor,shape:s,color:O("--text"),text:`${n} ${k(e.r_multiple)}`}]}function st(e,t,n,s){let o={deal:t,reveal:n,after:s},{you:l,ai:r}=n,p=l.trade&&r.trade&&l.action===r.action&&l.trade.exit_at===r.trade.exit_at,c=p?`${a("play.you")} + ${a("play.ai")}`:a("play.you"),u=Re({...o,...l,name:c,shape:"circle"}),h=p?[]:Re({...o,...r,name:a("play.ai"),shape:"square"});_e(e,[...u,...h].sort((w,Ge)=>w.time-Ge.time))}function lt(e,t,n){let s=we(e,Me(Ee,nt(n,t))),o=Ce(s,t),l=Le(s,t,Ee,!0),r=t[t.length-1];l.attachPrimitive(new le(r.time,O("--hint")));let p=Math.round(e.clientWidth/Ze),c=t.length+Math.round(p*Xe);return s.timeScale().setVisibleLogicalRange({from:Math.max(0,c-p),to:c}),{chart:s,series:l,volume:o,last:r,lines:[],zones:null}}function it(e,t){if(e.lines.forEach(c=>e.series.removePriceLine(c)),e.zones&&e.series.detachPrimitive(e.zones),e.lines=[],e.zones=null,e.series.applyOptions({autoscaleInfoProvider:void 0}),!t)return;let{takeProfit:n,stopLoss:s}=t,{close:o,time:l}=e.last,r=(c,u)=>({high:Math.max(c,o),low:Math.min(c,o),fill:O(u)});e.zones=new se([r(n,"--up-zone"),r(s,"--down-zone")],l,null),e.series.attachPrimitive(e.zones);let p=(c,u,h)=>e.series.createPriceLine({price:c,color:O(u),lineWidth:1,lineStyle:be.Dashed,axisLabelVisible:!0,title:h});e.lines=[p(n,"--up",a("call.tp")),p(s,"--down",a("call.sl"))],e.series.applyOptions({autoscaleInfoProvider:c=>{let u=c();return u&&u.priceRange&&(u.priceRange.maxValue=Math.max(u.priceRange.maxValue,n,s),u.priceRange.minValue=Math.min(u.priceRange.minValue,n,s)),u}})}function ot(e,t,n,{atOnce:s,onDone:o}){let l=Math.round((n.length+2)/(1-et));if(e.chart.timeScale().applyOptions({shiftVisibleRangeOnNewBar:!1}),e.chart.timeScale().setVisibleLogicalRange({from:t.length+n.length+2-l,to:t.length+n.length+2}),s)return e.series.setData([...t,...n]),e.volume.setData([...t,...n].map(ae)),o(),()=>{};let r=0,p=setInterval(()=>{e.series.update(n[r]),e.volume.update(ae(n[r])),r+=1,r>=n.length&&(clearInterval(p),o())},Math.min(Qe,Je/n.length));return()=>clearInterval(p)}function rt(e,t){let[n,s]=[e[0],e[e.length-1]],o=P((s.close/n.open-1)*100,{digits:1}),l=a("play.chart.label",{n:e.length,change:o});return t.length?`${l} ${a("play.chart.then",{n:t.length,change:P((t[t.length-1].close/s.close-1)*100,{digits:1})})}`:l}function De({deal:e,bars:t,levels:n,reveal:s,after:o,atOnce:l,onDone:r}){let p=_(null),c=_(null),u=_(null);return v(()=>(c.current=lt(p.current,t,e),()=>{c.current.chart.remove(),c.current=null}),[t,H.value,D.value]),v(()=>it(c.current,n),[t,H.value,D.value,n&&n.takeProfit,n&&n.stopLoss]),v(()=>{if(!s)return;let h=()=>{u.current=s,st(c.current.series,e,s,o),r()},w=l||!o.length||u.current===s;return ot(c.current,t,o,{atOnce:w,onDone:h})},[t,H.value,D.value,s,u.current!==s&&l]),i`<figure class="chart-box">
    <div class="chart play-chart" ref=${p} role="img" aria-label=${rt(t,o)}></div>
    <figcaption class="fine"><a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">TradingView Lightweight Charts™</a> © 2025 TradingView, Inc.</figcaption>
  </figure>`}var oe=["BUY","SELL","HOLD","NO_TRADE"],y={usual:8,least:3,most:31},ct=window.matchMedia("(prefers-reduced-motion: reduce)"),d=b("lobby"),z=b({difficulty:"normal",timeframe:"1h",regime:"",sector:"",disguise:!0}),R=b(null),m=b(null),x=b(null),g=b(null),V=b(0),W=b(!1);async function j(){d.value="dealing",g.value=null;try{let{difficulty:e,timeframe:t,regime:n,sector:s,disguise:o}=z.value,l=await A("/training_scenario",{difficulty:e,timeframe:t,regime:n,sector:s,disguise:String(o)});R.value={...l,bars:ie(l.candles),endsAt:l.receivedAt+Date.parse(l.expires_at)-l.servedAt,lasts:Date.parse(l.expires_at)-Date.parse(l.served_at)},m.value=null,x.value=null,W.value=ct.matches,d.value="open"}catch(e){g.value=e,d.value="failed"}}function re(e){d.value!=="open"||e==="SELL"&&!R.value.may_sell||(g.value=null,m.value={target:y.usual,stop:y.usual,...m.value,action:e},T())}function Ie(e,t){let n=m.value[e]+t;n<y.least||n>y.most||(m.value={...m.value,[e]:n},T())}var Ae=(e,t)=>m.value[e]+t>=y.least&&m.value[e]+t<=y.most,ce=({target:e,stop:t})=>e===y.usual&&t===y.usual;function Be(){m.value={...m.value,target:y.usual,stop:y.usual}}function q(e,t){if(!e||!t||t.action!=="BUY"&&t.action!=="SELL")return null;let n=t.action==="BUY"?1:-1,s=e.take_profit_frac*t.target/y.usual,o=e.stop_loss_frac*t.stop/y.usual,{close:l}=e.bars[e.bars.length-1];return{gain:s,loss:o,takeProfit:l*(1+n*s),stopLoss:l*(1-n*o)}}var Pe={late:"late",answered:"answered"};async function ue(){let[e,t]=[R.value,m.value],n=ce(t)?null:q(e,t),s=d.value==="unjudged",o=Math.min(86400,Math.max(0,(e.lasts-(e.endsAt-Date.now()))/1e3));d.value="sending",g.value=null;try{let l=await F("POST","/training_answer",{scenario_id:e.scenario_id,action:t.action,...n&&{take_profit:n.takeProfit,stop_loss:n.stopLoss},taken_s:t.taken_s??o});x.value={...l,after:ie(l.candles_after)},d.value="told"}catch(l){g.value=l,m.value={...t,taken_s:t.taken_s??o},l.code in Pe?pe(Pe[l.code]):l.status===422&&!s?d.value="open":d.value="unjudged"}}function pe(e){d.value=e,V.value+=1,T("warning")}function Ne(){x.value.isSeen||(x.value.isSeen=!0,W.value=!0,V.value+=1,T({1:"success",0:"error"}[x.value.score]||"warning"))}function G(){d.value="lobby",R.value=null,m.value=null,x.value=null,g.value=null}var C=2,ut=10,Ue=1500,Ve=({rating:e,deviation:t})=>({low:$(e-C*t),high:$(e+C*t)});function pt({curve:e}){if(e.length<2)return i`<p class="fine">${a("play.curve.few")}</p>`;let t=e.map(l=>({y:l.rating,low:l.rating-C*l.deviation,high:l.rating+C*l.deviation,name:L(l.at,{withTime:!1})})),n=e[e.length-1],s={heads:[a("play.curve.when"),a("play.rating"),"\xB1 95 %"],rows:e.map(l=>[L(l.at),$(l.rating),$(C*l.deviation)])},o=a("play.curve.label",{n:e.length,first:$(e[0].rating),last:$(n.rating),...Ve(n)});return i`<${Oe} points=${t} base=${Ue} format=${l=>$(l)} label=${o} table=${s} />
    <p class="fine">${a("play.curve.key",{start:$(Ue)})}</p>`}function $t({data:e}){let{strength:t,total:n,streak:s,best_streak:o}=e;return i`<section class="card">
    <h2>${a("play.standing")}</h2>
    <div class="play-strength"><b>${$(t.rating)}</b>
      <span class="fine">${a("play.between",Ve(t))}</span></div>
    ${n.rounds===0&&i`<p>${a("play.fresh")}</p>`}
    ${n.rated>0&&i`<${pt} curve=${e.curve} />`}
    ${n.rounds>0&&i`<dl class="figures">
      <${f} label=${a("play.record")} value=${`${n.wins} \u2013 ${n.draws} \u2013 ${n.losses}`} note=${a("play.rated",{n:n.rated})} kind="figure-wide" />
      <${f} label=${a("play.mean.you")} value=${k(n.mean_r)} note=${a("play.rounds",{n:n.rounds})} />
      <${f} label=${a("play.mean.ai")} value=${k(n.mean_ai_r)} />
      <${f} label=${a("play.streak")} value=${$(s)} note=${a("play.streak.best",{n:$(o)})} />
      <${f} label=${a("play.missed")} value=${$(e.missed)} note=${a("play.missed.of",{n:$(e.dealt)})} />
    </dl>`}
    ${e.ai.length>0&&i`<p class="fine">${e.ai.map(l=>a("play.ai.rating",{family:l.family,rating:$(l.strength.rating),error:$(C*l.strength.deviation)})).join(" \xB7 ")}</p>`}
  </section>`}function ze({title:e,family:t,groups:n}){return n.length?i`<section class="card"><h2>${e}</h2>
    <div class="scroll"><table class="table"><thead><tr>
      <th scope="col"><span class="unseen">${e}</span></th><th scope="col" class="n">${a("play.record.short")}</th>
      <th scope="col" class="n">${a("play.you")}</th><th scope="col" class="n">${a("play.ai")}</th></tr></thead>
      <tbody>${n.map(s=>i`<tr><th scope="row">${M(`${t}.${s.name}`)?a(`${t}.${s.name}`):a("play.unknown")}
          <small>${a("play.rounds",{n:s.rounds})}${s.rounds<ut?` \xB7 ${a("play.few")}`:""}</small></th>
          <td class="n">${s.wins}–${s.draws}–${s.losses}</td>
          <td class="n text-${B(s.mean_r)}">${k(s.mean_r)}</td>
          <td class="n">${k(s.mean_ai_r)}</td></tr>`)}</tbody></table></div>
    <p class="fine">${a("play.records.key")}</p></section>`:null}function dt({nickname:e,onSaved:t}){let[n,s]=S(null),[o,l]=S(null),r=async c=>{try{await F("PATCH","/training_rating",{nickname:c}),s(null),l(null),ve(a(c===null?"play.nickname.gone":"play.nickname.saved")),t()}catch(u){l(u)}},p=c=>{c.preventDefault(),r(n.trim())};return n===null?i`<div class="play-nickname"><p class="grow">${e?a("play.nickname.shown",{name:e}):a("play.nickname.none")}</p>
      <button class="link" onClick=${()=>s(e||"")}>${a(e?"play.nickname.change":"play.nickname.choose")}</button></div>`:i`<form class="play-nickname-form" onSubmit=${p}>
    <${ye} name="nickname" label=${a("play.nickname")} value=${n} onInput=${s} hint=${a("play.nickname.hint")} error=${o?U(o):""}
      maxlength="20" autocomplete="nickname" autocapitalize="none" spellcheck=${!1} />
    <div class="play-nickname-buttons"><button class="button" type="submit" disabled=${!n.trim()}>${a("play.nickname.save")}</button>
      ${e&&i`<button class="link" type="button" onClick=${()=>r(null)}>${a("play.nickname.withdraw")}</button>`}
      <button class="link" type="button" onClick=${()=>s(null)}>${a("play.nickname.cancel")}</button></div>
  </form>`}function mt({rows:e,nickname:t,onSaved:n}){return i`<section class="card"><h2>${a("play.board")}</h2>
    ${e.length===0&&i`<p>${a("play.board.empty")}</p>`}
    ${e.length>0&&i`<ol class="board">${e.map(s=>i`<li class=${s.is_you?"board-you":""}>
        <span class="board-place">${s.place===null?i`<span aria-label=${a("play.ai")}>◇</span>`:s.place}</span>
        <span class="board-name"><b>${s.name}</b><small>${s.is_you?`${a("play.you")} \xB7 `:s.is_ai?`${a("play.ai")} \xB7 `:""}${a("play.games",{n:s.rounds})}${s.missed?` \xB7 ${a("play.board.missed",{n:s.missed})}`:""}</small></span>
        <span class="board-figures"><b>${$(s.strength.rating)}</b><small>${a("play.board.least",{least:$(s.strength.rating-C*s.strength.deviation)})}</small></span></li>`)}</ol>`}
    <p class="fine">${a("play.board.key")}</p>
    <${dt} nickname=${t} onSaved=${n} /></section>`}function We(){let e=J(`training_rating|${V.value}`,s=>A("/training_rating",{},s)),t=J(`training_leaderboard|${V.value}`,s=>A("/training_leaderboard",{},s)),n=()=>{e.reload(),t.reload()};return i`<div class="play-side play-own"><${ee} from=${e} heights=${[220,120]}>${s=>i`<${$t} data=${s} />
      <${ze} title=${a("play.by_regime")} family="regime" groups=${s.by_regime} />
      <${ze} title=${a("play.by_setup")} family="play.setup" groups=${s.by_setup} />`}<//></div>
    <div class="play-side play-leaders"><${ee} from=${t} heights=${[160]}>${s=>i`<${mt} rows=${s.results} nickname=${e.data?e.data.nickname:null} onSaved=${n} />`}<//></div>`}var ht={1:["won","up","\u25B2"],.5:["drawn","flat","\u25CF"],0:["lost","down","\u25BC"]},ft=["no_version","withdrawn","other_terms","not_ready"],Z=(e,t)=>M(`${e}.${t}`)?a(`${e}.${t}`):t;function yt(e){let t=e.unrated_reason;return e.state==="void"?a("play.unrated.void",{reason:Z("play.void",e.void_reason)}):a(t==="not_disguised"?"play.unrated.shown":"play.unrated.silent")}var Fe=e=>ht[e.score]||["unrated","flat","\u25CB"];function gt({told:e}){let[t,n,s]=Fe(e),o=_(null);return v(()=>o.current.focus({preventScroll:!0}),[]),i`<div class="verdict"><h2 tabindex="-1" ref=${o} class="text-${n}"><span aria-hidden="true">${s}</span> ${a(`play.${t}`)}</h2>
    ${e.score===null&&i`<p>${yt(e)}</p>`}</div>`}function vt({action:e,trade:t,r_multiple:n}){return t?a(`play.exit.${t.exit_reason}`,{bars:a("play.bars",{n:t.bars_held})}):n==null?a("play.exit.void"):a(e==="HOLD"?"play.exit.hold":"play.exit.out")}function je({name:e,side:t,children:n}){let s=t.action===null,o=t.r_multiple;return i`<section class="duel-side" aria-label=${e}>
    <p class="duel-name">${e}</p>
    ${s?i`<p class="duel-action">${a("play.ai.silent")}</p><p class="fine">${Z("play.silent",ft.includes(t.reason)?t.reason:"void")}</p>`:i`<p class="duel-action text-${Y(t.action)}"><span aria-hidden="true">${K[t.action]}</span> ${a(`action.${t.action}`)}</p>
          <p class="duel-r text-${B(o)}">${k(o)}</p>
          <p class="fine">${vt(t)}</p>`}
    ${n}
  </section>`}function bt({told:e}){let{you:t,ai:n}=e;return i`<div class="duel">
    <${je} name=${a("play.you")} side=${t} />
    <${je} name=${a("play.ai")} side=${n}>
      ${n.action!==null&&i`<p class="fine">${n.confidence===null?"":a("play.ai.confidence",{n:n.confidence})}</p>
        ${!n.proven&&n.action!=="NO_TRADE"&&i`<${N} kind="paper" />`}`}
    <//>
  </div>
  <p class="fine">${a("play.after_costs")} ${e.sides.long!==null&&a("play.sides",{long:k(e.sides.long),short:k(e.sides.short)})}</p>`}function kt({told:e}){if(e.score===null)return null;let[t,n]=[e.rating_before,e.rating],s=Math.round(n.rating)-Math.round(t.rating);return i`<p class="play-rating-change"><span>${a("play.rating")}</span>
    <b>${$(t.rating)} → ${$(n.rating)}</b>
    <span class="text-${B(s)}"><span aria-hidden="true">${s>0?"\u25B2":s<0?"\u25BC":"\u25CF"}</span> ${s>0?"+":s<0?"\u2212":""}${$(Math.abs(s))}</span>
    <span class="fine">${a("play.rating.error",{error:$(2*n.deviation)})}</span></p>`}function wt({told:e}){let t=e.regime?Z("regime",e.regime):a("play.unknown");return i`<section class="card"><h2>${a("play.truth")}</h2>
    <p class="lead"><a href=${$e({ticker:e.secid})} onClick=${de({ticker:e.secid})}>${e.secid}</a> <small>${e.name}</small></p>
    ${e.is_simulated&&i`<${N} kind="simulated" />`}
    <dl class="figures">
      <${f} label=${a("play.when")} value=${L(e.as_of)} kind="figure-wide" />
      <${f} label=${a("regime.title")} value=${t} />
      <${f} label=${a("play.setup")} value=${Z("play.setup",e.setup)} />
    </dl></section>`}function _t({ai:e,explanation:t}){let n=(t||"").split(/\n+/).filter(Boolean);return e.action===null||!n.length?null:i`<section class="card"><h2>${a("play.why")}</h2>
    ${n.map(s=>i`<p>${s}</p>`)}
    ${e.model_version&&i`<p class="fine">${a("play.model",{version:e.model_version,until:L(e.trained_until,{withTime:!1})})}</p>`}
  </section>`}function xt({trade:e}){return e?i`<dl class="figures">
    <${f} label=${a("play.best")} value=${I(e.mfe_frac,{digits:1,signed:!0})} kind="mark-up" />
    <${f} label=${a("play.worst")} value=${I(e.mae_frac,{digits:1,signed:!0})} kind="mark-down" />
  </dl>`:null}function He({told:e}){return i`<section class="card call call-${Fe(e)[1]}">
      <${gt} told=${e} />
      <${bt} told=${e} />
      <${xt} trade=${e.you.trade} />
      <${kt} told=${e} />
    </section>
    <${wt} told=${e} />
    <${_t} ai=${e.ai} explanation=${e.explanation} />`}var St=["easy","normal","hard"],Mt=["5m","1h","1d"],Ct=["uptrend","downtrend","flat","panic","euphoria","news_storm"],Lt=["oil_gas","metals","finance","retail","it","construction","telecom","transport","chemicals","power","consumer","industry","health","holding"],Ot=[60,30,10],Et=10,Ke=14,Rt=1.3,Tt=.75,Dt=[],X=b(!1);function Pt(){let[e,t]=S(!1),n=u=>h=>z.value={...z.value,[u]:h},s=(u,h)=>[["",a("play.any")],...u.map(w=>[w,a(`${h}.${w}`)])],{difficulty:o,timeframe:l,regime:r,sector:p,disguise:c}=z.value;return i`<section class="card">
    <h2>${a("play.lobby.title")}</h2>
    <p>${a("play.lobby.text")}</p>
    <${te} label=${a("play.difficulty")} value=${o} onChange=${n("difficulty")} options=${St.map(u=>[u,a(`play.difficulty.${u}`)])} />
    <p class="fine">${a(`play.difficulty.${o}.means`)}</p>
    <button class="link" aria-expanded=${String(e)} onClick=${()=>t(!e)}>${a(e?"play.wishes.less":"play.wishes.more")}</button>
    ${e&&i`<div class="play-wishes">
      <${te} label=${a("play.timeframe")} value=${l} onChange=${n("timeframe")} options=${Mt.map(u=>[u,a(`play.timeframe.${u}`)])} />
      <${ne} name="play-regime" label=${a("regime.title")} value=${r} onChange=${n("regime")} options=${s(Ct,"regime")} />
      <${ne} name="play-sector" label=${a("play.sector")} value=${p} onChange=${n("sector")} options=${s(Lt,"sector")} />
      <${ge} label=${a("play.disguise")} note=${a(c?"play.disguise.on":"play.disguise.off")} checked=${c} onChange=${n("disguise")} />
    </div>`}
  </section>`}function It({dealt:e}){let[t,n]=S(()=>Math.ceil((e.endsAt-Date.now())/1e3)),[s,o]=S("");v(()=>{let c=setInterval(()=>{let u=Math.ceil((e.endsAt-Date.now())/1e3);n(u);let h=Ot.find(w=>w===u);h&&o(a("play.left.said",{n:h})),u<=0&&d.value==="open"&&pe("late")},250);return()=>clearInterval(c)},[e]);let l=Math.max(0,t),r=l<=Et;return i`<div class="countdown ${r?"countdown-hurry":""}">
    <span class="countdown-clock" role="timer" aria-label=${a("play.left")}>${r?"! ":""}${Math.floor(l/60)}:${String(l%60).padStart(2,"0")}</span>
    <span class="countdown-rail" aria-hidden="true"><span style=${{transform:`scaleX(${Math.min(1,l*1e3/e.lasts)})`}}></span></span>
    <span class="unseen" role="status">${s}</span>
  </div>`}function At(e){let t=e.map(l=>(l.high-l.low)/l.close),n=t.slice(-Ke).reduce((l,r)=>l+r,0)/Ke,s=[...t].sort((l,r)=>l-r)[Math.floor(t.length/2)]||n,o=n>Rt*s?"high":n<Tt*s?"low":"usual";return a(`play.volatility.${o}`,{range:P(n*100,{digits:1,signed:!1})})}function Bt(e){let t={timeZone:"UTC",weekday:"short",...e.timeframe!=="1d"&&{hour:"2-digit",minute:"2-digit",hourCycle:"h23"}},n=new Date(e.bars[e.bars.length-1].time*1e3).toLocaleString(document.documentElement.lang,t);return e.timeframe==="1d"?n:`${n} ${a("unit.msk")}`}function Nt({dealt:e}){let t=e.disguised?[]:[`${e.secid} \xB7 ${e.name}`];t.push(a("play.lasts",{horizon:Ut(e.horizon)}),At(e.bars),Bt(e));let{tags:n}=e;if(e.disguised&&t.push(a("play.disguised")),n||t.push(a("play.tags.none")),n&&n.regime&&t.unshift(M(`regime.${n.regime}`)?a(`regime.${n.regime}`):n.regime),n)for(let s of n.news_types)t.push(a("play.news",{type:M(`play.news.${s}`)?a(`play.news.${s}`):s}));return i`<ul class="facts" tabindex="0" aria-label=${a("play.context")}>${t.map(s=>i`<li class="fact">${s}</li>`)}
    ${e.is_simulated&&i`<li><${N} kind="simulated" /></li>`}</ul>`}function Ut(e){let t=parseInt(e,10);return a(`play.horizon.${e.endsWith("min")?"min":e.endsWith("bars")?"bars":"days"}`,{n:t})}function zt({dealt:e}){let t=m.value&&m.value.action;return i`<div class="choices" role="group" aria-label=${a("play.choices")}>
    ${oe.map((n,s)=>{let o=n==="SELL"&&!e.may_sell;return i`<button class="choice choice-${Y(n)}" aria-pressed=${String(t===n)} aria-keyshortcuts=${s+1}
        disabled=${o||d.value!=="open"} onClick=${()=>re(n)}>
        <span class="choice-mark" aria-hidden="true">${K[n]}</span>
        <span class="choice-word">${a(`action.${n}`)}${o&&i`<small>${a("play.no_short")}</small>`}</span>
        <kbd aria-hidden="true">${s+1}</kbd>
      </button>`})}
  </div>`}function Ye({name:e,label:t,value:n,kind:s}){let o=(l,r)=>i`<button class="step" disabled=${!Ae(e,l)||d.value!=="open"} onClick=${()=>Ie(e,l)}
    aria-label=${a(l>0?"play.step.more":"play.step.less",{label:t})}>${r}</button>`;return i`<div class="stepper mark-${s}"><span class="grow">${t}</span>${o(-1,"\u2212")}<output aria-live="polite">${n}</output>${o(1,"+")}</div>`}function Vt({dealt:e}){let t=q(e,m.value),n=_(null);if(v(()=>t&&n.current.scrollIntoView({block:"nearest"}),[t===null]),!t)return null;let s=m.value.action==="BUY"?1:-1,o=l=>I(l,{digits:2,signed:!0});return i`<section class="card play-levels" ref=${n} aria-label=${a("play.levels")}>
    <div class="steppers">
      <${Ye} name="target" label=${a("play.target")} value=${o(s*t.gain)} kind="up" />
      <${Ye} name="stop" label=${a("play.stop")} value=${o(-s*t.loss)} kind="down" />
    </div>
    <p class="fine play-ratio"><span>${a("play.ratio",{r:$(t.gain/t.loss,1)})}</span>
      ${ce(m.value)?i`<span>${a("play.usual")}</span>`:i`<button class="link" onClick=${Be}>${a("play.usual.again")}</button>`}</p>
    ${g.value&&g.value.status===422&&i`<p class="field-error" role="alert">${U(g.value)}</p>`}
  </section>`}function qe(e){let t=e.ctrlKey||e.metaKey||e.altKey||e.target.closest("input, select, textarea, dialog"),n=oe[Number(e.key)-1];t||!n||d.value!=="open"||(re(n),setTimeout(()=>document.querySelector(".main-button button")?.focus(),0))}function Wt({dealt:e}){v(()=>(window.addEventListener("keydown",qe),()=>window.removeEventListener("keydown",qe)),[]);let t=m.value;return i`<${zt} dealt=${e} />
    <${Vt} dealt=${e} />
    <${E} text=${d.value==="sending"?a("play.sending"):t?a("play.answer",{action:a(`action.${t.action}`)}):a("play.choose")}
      enabled=${!!t} busy=${d.value==="sending"} onPress=${ue} />`}function jt(){let e=d.value;return i`<${Q} title=${a(`play.${e}.title`)} text=${a(`play.${e}.text`)}><button class="link" onClick=${G}>${a("play.back")}</button><//>
    <${E} text=${a("play.next")} onPress=${j} />`}function Ft(){let e=g.value;return i`<section class="card state" role="alert"><div class="state-mark" aria-hidden="true">!</div><h2>${a("play.unjudged.title")}</h2>
    <p>${a(e&&e.status===0?"play.unjudged.offline":"play.unjudged.text")}</p>
    ${e&&e.requestId&&i`<p class="fine">request_id ${e.requestId}</p>`}</section>
    <${E} text=${a("play.unjudged.again")} onPress=${ue} />`}function Ht(){let e=g.value;if(e.code!=="no_moment"&&e.status!==422&&e.code!=="not_ready")return i`<${he} problem=${e} onRetry=${j} />`;let t=e.code==="no_moment"?a("play.no_moment.text"):e.code==="not_ready"?a("play.not_ready.text"):U(e);return i`<${Q} title=${a("play.no_moment.title")} text=${t}><button class="button" onClick=${G}>${a("play.no_moment.again")}</button><//>`}function Kt({dealt:e}){let t=x.value,n=()=>{X.value=!0,Ne()};v(()=>{t||(X.value=!1)},[t]);let s=d.value==="open"||d.value==="sending";return i`<div class="play-round">
    <section class="card card-chart" aria-label=${a("play.chart")}>
      <${De} deal=${e} bars=${e.bars} levels=${q(e,m.value)} reveal=${t} after=${t?t.after:Dt} atOnce=${W.value} onDone=${n} />
    </section>
    <div class="play-side">
      ${!t&&i`<${Nt} dealt=${e} />`}
      ${s&&i`<${Wt} dealt=${e} />`}
      ${d.value==="unjudged"&&i`<${Ft} />`}
      ${t&&!X.value&&i`<button class="button button-quiet" onClick=${()=>W.value=!0}>${a("play.skip")}</button>`}
      ${t&&X.value&&i`<${He} told=${t} />
        <button class="link" onClick=${G}>${a("play.back")}</button>
        <${E} text=${a("play.next")} onPress=${j} />`}
    </div>
  </div>`}function Sn(){let e=R.value,t=d.value,n=e&&["open","sending","unjudged","told"].includes(t),s=t==="open"||t==="sending";return i`<main class="screen play" id="main">
    <${me} title=${a("play.title")}>${s&&i`<${It} key=${e.scenario_id} dealt=${e} />`}<//>
    ${t==="dealing"&&i`<${fe} heights=${[320,32,128]} />`}
    ${t==="failed"&&i`<${Ht} />`}
    ${(t==="late"||t==="answered")&&i`<${jt} />`}
    ${n&&i`<${Kt} key=${e.scenario_id} dealt=${e} />`}
    ${!n&&t!=="dealing"&&i`<div class="play-lobby">
      ${t==="lobby"&&i`<div class="play-side play-begin"><${Pt} /><${E} text=${a("play.deal")} onPress=${j} /></div>`}
      <${We} /></div>`}
  </main>`}export{Sn as PlayScreen};
