import{a as be,b as ke,c as we,d as _e,e as xe,f as Se,g as Me,h as ae,i as Ce,j as Le}from"./chunk-6WUO6XO4.js";import{a as Oe}from"./chunk-WGF74Y7E.js";import{a as K,e as O}from"./chunk-PNADXKGI.js";import{$ as de,A as k,C as L,N as A,P as H,V as J,Z as $e,b as S,ba as Y,c as v,ca as B,d as _,da as q,f as b,fa as me,h as i,ia as N,k as T,la as U,m as D,ma as he,na as Q,oa as ee,p as M,q as a,qa as fe,r as $,ra as ne,sa as f,ta as ye,ua as te,v as P,va as ge,w as I,wa as E,xa as ve}from"./chunk-XDDM2FXL.js";var Ee=2,Ze=5,Xe=.22,Je=3e3,Qe=60,en=.35,nn=7*86400,Te=3*3600;function ie(e){return e.map(n=>({...n,time:Date.parse(n.begin)/1e3+Te}))}function tn(e,n){let t=D.value==="ru"?"ru-RU":"en-GB",s=(r,p)=>new Date(r*1e3).toLocaleString(t,{timeZone:"UTC",...p}),o={hour:"2-digit",minute:"2-digit",hourCycle:"h23"},l=e.disguised?{weekday:"short"}:{day:"numeric",month:"short"};if(e.timeframe==="1d"&&e.disguised){let r=new Map(n.map((c,u)=>[c.time,u])),p=c=>r.has(c)?a("play.chart.back",{n:n.length-1-r.get(c)}):"";return{tick:p,hover:p}}return{tick:(r,p)=>s(r,p===ke.Time?o:l).replace(/ г\./,""),hover:r=>`${s(r,e.timeframe==="1d"?{...l,year:"numeric"}:{...l,...o})}${e.timeframe==="1d"?"":` ${a("unit.msk")}`}`}}var se=class extends Se{x(n,t){return n===null?t.bitmapSize.width:super.x(n,t)}},le=class extends xe{constructor(n,t){super(),Object.assign(this,{time:n,line:t})}paint(n){let t=this.x(this.time,n);if(t===null)return;let{context:s,horizontalPixelRatio:o}=n,l=Math.round(t+this.chart.timeScale().options().barSpacing/2*o)+.5;s.save(),s.strokeStyle=this.line,s.lineWidth=Math.max(1,Math.floor(o)),s.setLineDash([4*o,4*o]),s.beginPath(),s.moveTo(l,0),s.lineTo(l,n.bitmapSize.height),s.stroke(),s.restore()}};function an(e){let n=new Intl.DateTimeFormat("en-GB",{timeZone:"Europe/Moscow",year:"numeric",month:"2-digit",day:"2-digit",hour:"2-digit",minute:"2-digit",hourCycle:"h23"}).formatToParts(new Date(e)),t=s=>Number(n.find(o=>o.type===s).value);return Date.UTC(t("year"),t("month")-1,t("day"),t("hour"),t("minute"))/1e3}function Re({trade:e,action:n,name:t,shape:s,deal:o,reveal:l,after:r}){if(!e||!r.length)return[];let p=o.disguised?an(e.entry_at)+l.weeks*nn:Date.parse(e.entry_at)/1e3+Te,c=Math.max(0,r.findIndex(w=>w.time>=p)),u=Math.min(r.length-1,c+e.bars_held-1),h=n==="BUY";return[{time:r[c].time,position:h?"belowBar":"aboveBar",shape:h?"arrowUp":"arrowDown",color:O("--accent"),text:t},{time:r[u].time,position:"atPriceMiddle",price:e.exit_price*l.price_factor,shape:s,color:O("--text"),text:`${t} ${k(e.r_multiple)}`}]}function sn(e,n,t,s){let o={deal:n,reveal:t,after:s},{you:l,ai:r}=t,p=l.trade&&r.trade&&l.action===r.action&&l.trade.exit_at===r.trade.exit_at,c=p?`${a("play.you")} + ${a("play.ai")}`:a("play.you"),u=Re({...o,...l,name:c,shape:"circle"}),h=p?[]:Re({...o,...r,name:a("play.ai"),shape:"square"});_e(e,[...u,...h].sort((w,Ge)=>w.time-Ge.time))}function ln(e,n,t){let s=we(e,Me(Ee,tn(t,n))),o=Ce(s,n),l=Le(s,n,Ee,!0),r=n[n.length-1];l.attachPrimitive(new le(r.time,O("--hint")));let p=Math.round(e.clientWidth/Ze),c=n.length+Math.round(p*Xe);return s.timeScale().setVisibleLogicalRange({from:Math.max(0,c-p),to:c}),{chart:s,series:l,volume:o,last:r,lines:[],zones:null}}function on(e,n){if(e.lines.forEach(c=>e.series.removePriceLine(c)),e.zones&&e.series.detachPrimitive(e.zones),e.lines=[],e.zones=null,e.series.applyOptions({autoscaleInfoProvider:void 0}),!n)return;let{takeProfit:t,stopLoss:s}=n,{close:o,time:l}=e.last,r=(c,u)=>({high:Math.max(c,o),low:Math.min(c,o),fill:O(u)});e.zones=new se([r(t,"--up-zone"),r(s,"--down-zone")],l,null),e.series.attachPrimitive(e.zones);let p=(c,u,h)=>e.series.createPriceLine({price:c,color:O(u),lineWidth:1,lineStyle:be.Dashed,axisLabelVisible:!0,title:h});e.lines=[p(t,"--up",a("call.tp")),p(s,"--down",a("call.sl"))],e.series.applyOptions({autoscaleInfoProvider:c=>{let u=c();return u&&u.priceRange&&(u.priceRange.maxValue=Math.max(u.priceRange.maxValue,t,s),u.priceRange.minValue=Math.min(u.priceRange.minValue,t,s)),u}})}function rn(e,n,t,{atOnce:s,onDone:o}){let l=Math.round((t.length+2)/(1-en));if(e.chart.timeScale().applyOptions({shiftVisibleRangeOnNewBar:!1}),e.chart.timeScale().setVisibleLogicalRange({from:n.length+t.length+2-l,to:n.length+t.length+2}),s)return e.series.setData([...n,...t]),e.volume.setData([...n,...t].map(ae)),o(),()=>{};let r=0,p=setInterval(()=>{e.series.update(t[r]),e.volume.update(ae(t[r])),r+=1,r>=t.length&&(clearInterval(p),o())},Math.min(Qe,Je/t.length));return()=>clearInterval(p)}function cn(e,n){let[t,s]=[e[0],e[e.length-1]],o=P((s.close/t.open-1)*100,{digits:1}),l=a("play.chart.label",{n:e.length,change:o});return n.length?`${l} ${a("play.chart.then",{n:n.length,change:P((n[n.length-1].close/s.close-1)*100,{digits:1})})}`:l}function De({deal:e,bars:n,levels:t,reveal:s,after:o,atOnce:l,onDone:r}){let p=_(null),c=_(null),u=_(null);return v(()=>(c.current=ln(p.current,n,e),()=>{c.current.chart.remove(),c.current=null}),[n,K.value,D.value]),v(()=>on(c.current,t),[n,K.value,D.value,t&&t.takeProfit,t&&t.stopLoss]),v(()=>{if(!s)return;let h=()=>{u.current=s,sn(c.current.series,e,s,o),r()},w=l||!o.length||u.current===s;return rn(c.current,n,o,{atOnce:w,onDone:h})},[n,K.value,D.value,s,u.current!==s&&l]),i`<figure class="chart-box">
    <div class="chart play-chart" ref=${p} role="img" aria-label=${cn(n,o)}></div>
    <figcaption class="fine"><a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">TradingView Lightweight Charts™</a> © 2025 TradingView, Inc.</figcaption>
  </figure>`}var oe=["BUY","SELL","HOLD","NO_TRADE"],y={usual:8,least:3,most:31},un=window.matchMedia("(prefers-reduced-motion: reduce)"),d=b("lobby"),z=b({difficulty:"normal",timeframe:"1h",regime:"",sector:"",disguise:!0}),R=b(null),m=b(null),x=b(null),g=b(null),V=b(0),W=b(!1);async function j(){d.value="dealing",g.value=null;try{let{difficulty:e,timeframe:n,regime:t,sector:s,disguise:o}=z.value,l=await A("/training_scenario",{difficulty:e,timeframe:n,regime:t,sector:s,disguise:String(o)});R.value={...l,bars:ie(l.candles),endsAt:l.receivedAt+Date.parse(l.expires_at)-l.servedAt,lasts:Date.parse(l.expires_at)-Date.parse(l.served_at)},m.value=null,x.value=null,W.value=un.matches,d.value="open"}catch(e){g.value=e,d.value="failed"}}function re(e){d.value!=="open"||e==="SELL"&&!R.value.may_sell||(g.value=null,m.value={target:y.usual,stop:y.usual,...m.value,action:e},T())}function Ie(e,n){let t=m.value[e]+n;t<y.least||t>y.most||(m.value={...m.value,[e]:t},T())}var Ae=(e,n)=>m.value[e]+n>=y.least&&m.value[e]+n<=y.most,ce=({target:e,stop:n})=>e===y.usual&&n===y.usual;function Be(){m.value={...m.value,target:y.usual,stop:y.usual}}function G(e,n){if(!e||!n||n.action!=="BUY"&&n.action!=="SELL")return null;let t=n.action==="BUY"?1:-1,s=e.take_profit_frac*n.target/y.usual,o=e.stop_loss_frac*n.stop/y.usual,{close:l}=e.bars[e.bars.length-1];return{gain:s,loss:o,takeProfit:l*(1+t*s),stopLoss:l*(1-t*o)}}var Pe={late:"late",answered:"answered"};async function ue(){let[e,n]=[R.value,m.value],t=ce(n)?null:G(e,n),s=d.value==="unjudged",o=Math.min(86400,Math.max(0,(e.lasts-(e.endsAt-Date.now()))/1e3));d.value="sending",g.value=null;try{let l=await H("POST","/training_answer",{scenario_id:e.scenario_id,action:n.action,...t&&{take_profit:t.takeProfit,stop_loss:t.stopLoss},taken_s:n.taken_s??o});x.value={...l,after:ie(l.candles_after)},d.value="told"}catch(l){g.value=l,m.value={...n,taken_s:n.taken_s??o},l.code in Pe?pe(Pe[l.code]):l.status===422&&!s?d.value="open":d.value="unjudged"}}function pe(e){d.value=e,V.value+=1,T("warning")}function Ne(){x.value.isSeen||(x.value.isSeen=!0,W.value=!0,V.value+=1,T({1:"success",0:"error"}[x.value.score]||"warning"))}function F(){d.value="lobby",R.value=null,m.value=null,x.value=null,g.value=null}var C=2,pn=10,Ue=1500,Ve=({rating:e,deviation:n})=>({low:$(e-C*n),high:$(e+C*n)});function $n({curve:e}){if(e.length<2)return i`<p class="fine">${a("play.curve.few")}</p>`;let n=e.map(l=>({y:l.rating,low:l.rating-C*l.deviation,high:l.rating+C*l.deviation,name:L(l.at,{withTime:!1})})),t=e[e.length-1],s={heads:[a("play.curve.when"),a("play.rating"),"\xB1 95 %"],rows:e.map(l=>[L(l.at),$(l.rating),$(C*l.deviation)])},o=a("play.curve.label",{n:e.length,first:$(e[0].rating),last:$(t.rating),...Ve(t)});return i`<${Oe} points=${n} base=${Ue} format=${l=>$(l)} label=${o} table=${s} />
    <p class="fine">${a("play.curve.key",{start:$(Ue)})}</p>`}function dn({data:e}){let{strength:n,total:t,streak:s,best_streak:o}=e;return i`<section class="card">
    <h2>${a("play.standing")}</h2>
    <div class="play-strength"><b>${$(n.rating)}</b>
      <span class="fine">${a("play.between",Ve(n))}</span></div>
    ${t.rounds===0&&i`<p>${a("play.fresh")}</p>`}
    ${t.rated>0&&i`<${$n} curve=${e.curve} />`}
    ${t.rounds>0&&i`<dl class="figures">
      <${f} label=${a("play.record")} value=${`${t.wins} \u2013 ${t.draws} \u2013 ${t.losses}`} note=${a("play.rated",{n:t.rated})} kind="figure-wide" />
      <${f} label=${a("play.mean.you")} value=${k(t.mean_r)} note=${a("play.rounds",{n:t.rounds})} />
      <${f} label=${a("play.mean.ai")} value=${k(t.mean_ai_r)} />
      <${f} label=${a("play.streak")} value=${$(s)} note=${a("play.streak.best",{n:$(o)})} />
      <${f} label=${a("play.missed")} value=${$(e.missed)} note=${a("play.missed.of",{n:$(e.dealt)})} />
    </dl>`}
    ${e.ai.length>0&&i`<p class="fine">${e.ai.map(l=>a("play.ai.rating",{family:l.family,rating:$(l.strength.rating),error:$(C*l.strength.deviation)})).join(" \xB7 ")}</p>`}
  </section>`}function ze({title:e,family:n,groups:t}){return t.length?i`<section class="card"><h2>${e}</h2>
    <div class="scroll" tabindex="0" role="region" aria-label=${e}><table class="grouped"><thead><tr>
      <th scope="col"><span class="unseen">${e}</span></th><th scope="col" class="n">${a("play.record.short")}</th>
      <th scope="col" class="n">${a("play.you")}</th><th scope="col" class="n">${a("play.ai")}</th></tr></thead>
      <tbody>${t.map(s=>i`<tr><th scope="row">${M(`${n}.${s.name}`)?a(`${n}.${s.name}`):a("play.unknown")}
          <small>${a("play.rounds",{n:s.rounds})}${s.rounds<pn?` \xB7 ${a("play.few")}`:""}</small></th>
          <td class="n">${s.wins}–${s.draws}–${s.losses}</td>
          <td class="n text-${B(s.mean_r)}">${k(s.mean_r)}</td>
          <td class="n">${k(s.mean_ai_r)}</td></tr>`)}</tbody></table></div>
    <p class="fine">${a("play.records.key")}</p></section>`:null}function mn({nickname:e,onSaved:n}){let[t,s]=S(null),[o,l]=S(null),r=async c=>{try{await H("PATCH","/training_rating",{nickname:c}),s(null),l(null),ve(a(c===null?"play.nickname.gone":"play.nickname.saved")),n()}catch(u){l(u)}},p=c=>{c.preventDefault(),r(t.trim())};return t===null?i`<div class="play-nickname"><p class="grow">${e?a("play.nickname.shown",{name:e}):a("play.nickname.none")}</p>
      <button class="link" onClick=${()=>s(e||"")}>${a(e?"play.nickname.change":"play.nickname.choose")}</button></div>`:i`<form class="play-nickname-form" onSubmit=${p}>
    <${ye} name="nickname" label=${a("play.nickname")} value=${t} onInput=${s} hint=${a("play.nickname.hint")} error=${o?U(o):""}
      maxlength="20" autocomplete="nickname" autocapitalize="none" spellcheck=${!1} />
    <div class="play-nickname-buttons"><button class="button" type="submit" disabled=${!t.trim()}>${a("play.nickname.save")}</button>
      ${e&&i`<button class="link" type="button" onClick=${()=>r(null)}>${a("play.nickname.withdraw")}</button>`}
      <button class="link" type="button" onClick=${()=>s(null)}>${a("play.nickname.cancel")}</button></div>
  </form>`}function hn({rows:e,nickname:n,onSaved:t}){return i`<section class="card"><h2>${a("play.board")}</h2>
    ${e.length===0&&i`<p>${a("play.board.empty")}</p>`}
    ${e.length>0&&i`<ol class="board">${e.map(s=>i`<li class=${s.is_you?"board-you":""}>
        <span class="board-place">${s.place===null?i`<span aria-label=${a("play.ai")}>◇</span>`:s.place}</span>
        <span class="board-name"><b>${s.name}</b><small>${s.is_you?`${a("play.you")} \xB7 `:s.is_ai?`${a("play.ai")} \xB7 `:""}${a("play.games",{n:s.rounds})}${s.missed?` \xB7 ${a("play.board.missed",{n:s.missed})}`:""}</small></span>
        <span class="board-figures"><b>${$(s.strength.rating)}</b><small>${a("play.board.least",{least:$(s.strength.rating-C*s.strength.deviation)})}</small></span></li>`)}</ol>`}
    <p class="fine">${a("play.board.key")}</p>
    <${mn} nickname=${n} onSaved=${t} /></section>`}function We(){let e=J(`training_rating|${V.value}`,s=>A("/training_rating",{},s)),n=J(`training_leaderboard|${V.value}`,s=>A("/training_leaderboard",{},s)),t=()=>{e.reload(),n.reload()};return i`<div class="play-side play-own"><${ee} from=${e} heights=${[220,120]}>${s=>i`<${dn} data=${s} />
      <${ze} title=${a("play.by_regime")} family="regime" groups=${s.by_regime} />
      <${ze} title=${a("play.by_setup")} family="play.setup" groups=${s.by_setup} />`}<//></div>
    <div class="play-side play-leaders"><${ee} from=${n} heights=${[160]}>${s=>i`<${hn} rows=${s.results} nickname=${e.data?e.data.nickname:null} onSaved=${t} />`}<//></div>`}var fn={1:["won","up","\u25B2"],.5:["drawn","flat","\u25CF"],0:["lost","down","\u25BC"]},yn=["no_version","withdrawn","other_terms","not_ready"],Z=(e,n)=>M(`${e}.${n}`)?a(`${e}.${n}`):n;function gn(e){let n=e.unrated_reason;return e.state==="void"?a("play.unrated.void",{reason:Z("play.void",e.void_reason)}):a(n==="not_disguised"?"play.unrated.shown":"play.unrated.silent")}var Fe=e=>fn[e.score]||["unrated","flat","\u25CB"];function vn({told:e}){let[n,t,s]=Fe(e),o=_(null);return v(()=>o.current.focus({preventScroll:!0}),[]),i`<div class="round-end"><h2 tabindex="-1" ref=${o} class="text-${t}"><span aria-hidden="true">${s}</span> ${a(`play.${n}`)}</h2>
    ${e.score===null&&i`<p>${gn(e)}</p>`}</div>`}function bn({action:e,trade:n,r_multiple:t}){return n?a(`play.exit.${n.exit_reason}`,{bars:a("play.bars",{n:n.bars_held})}):t==null?a("play.exit.void"):a(e==="HOLD"?"play.exit.hold":"play.exit.out")}function je({name:e,side:n,children:t}){let s=n.action===null,o=n.r_multiple;return i`<section class="duel-side" aria-label=${e}>
    <p class="duel-name">${e}</p>
    ${s?i`<p class="duel-action">${a("play.ai.silent")}</p><p class="fine">${Z("play.silent",yn.includes(n.reason)?n.reason:"void")}</p>`:i`<p class="duel-action text-${q(n.action)}"><span aria-hidden="true">${Y[n.action]}</span> ${a(`action.${n.action}`)}</p>
          <p class="duel-r text-${B(o)}">${k(o)}</p>
          <p class="fine">${bn(n)}</p>`}
    ${t}
  </section>`}function kn({told:e}){let{you:n,ai:t}=e;return i`<div class="duel">
    <${je} name=${a("play.you")} side=${n} />
    <${je} name=${a("play.ai")} side=${t}>
      ${t.action!==null&&i`<p class="fine">${t.confidence===null?"":a("play.ai.confidence",{n:t.confidence})}</p>
        ${!t.proven&&t.action!=="NO_TRADE"&&i`<${N} kind="paper" />`}`}
    <//>
  </div>
  <p class="fine">${a("play.after_costs")} ${e.sides.long!==null&&a("play.sides",{long:k(e.sides.long),short:k(e.sides.short)})}</p>`}function wn({told:e}){if(e.score===null)return null;let[n,t]=[e.rating_before,e.rating],s=Math.round(t.rating)-Math.round(n.rating);return i`<p class="play-rating-change"><span>${a("play.rating")}</span>
    <b>${$(n.rating)} → ${$(t.rating)}</b>
    <span class="text-${B(s)}"><span aria-hidden="true">${s>0?"\u25B2":s<0?"\u25BC":"\u25CF"}</span> ${s>0?"+":s<0?"\u2212":""}${$(Math.abs(s))}</span>
    <span class="fine">${a("play.rating.error",{error:$(2*t.deviation)})}</span></p>`}function _n({told:e}){let n=e.regime?Z("regime",e.regime):a("play.unknown");return i`<section class="card"><h2>${a("play.truth")}</h2>
    <p class="lead"><a href=${$e({ticker:e.secid})} onClick=${de({ticker:e.secid})}>${e.secid}</a> <small>${e.name}</small></p>
    ${e.is_simulated&&i`<${N} kind="simulated" />`}
    <dl class="figures">
      <${f} label=${a("play.when")} value=${L(e.as_of)} kind="figure-wide" />
      <${f} label=${a("regime.title")} value=${n} />
      <${f} label=${a("play.setup")} value=${Z("play.setup",e.setup)} />
    </dl></section>`}function xn({ai:e,explanation:n}){let t=(n||"").split(/\n+/).filter(Boolean);return e.action===null||!t.length?null:i`<section class="card"><h2>${a("play.why")}</h2>
    ${t.map(s=>i`<p>${s}</p>`)}
    ${e.model_version&&i`<p class="fine">${a("play.model",{version:e.model_version,until:L(e.trained_until,{withTime:!1})})}</p>`}
  </section>`}function Sn({trade:e}){return e?i`<dl class="figures">
    <${f} label=${a("play.best")} value=${I(e.mfe_frac,{digits:1,signed:!0})} kind="mark-up" />
    <${f} label=${a("play.worst")} value=${I(e.mae_frac,{digits:1,signed:!0})} kind="mark-down" />
  </dl>`:null}function He({told:e}){return i`<section class="card call call-${Fe(e)[1]}">
      <${vn} told=${e} />
      <${kn} told=${e} />
      <${Sn} trade=${e.you.trade} />
      <${wn} told=${e} />
    </section>
    <${_n} told=${e} />
    <${xn} ai=${e.ai} explanation=${e.explanation} />`}var Mn=["easy","normal","hard"],Cn=["5m","1h","1d"],Ln=["uptrend","downtrend","flat","panic","euphoria","news_storm"],On=["oil_gas","metals","finance","retail","it","construction","telecom","transport","chemicals","power","consumer","industry","health","holding"],En=[60,30,10],Rn=10,Ke=14,Tn=1.3,Dn=.75,Pn=[],X=b(!1);function In(){let[e,n]=S(!1),t=u=>h=>z.value={...z.value,[u]:h},s=(u,h)=>[["",a("play.any")],...u.map(w=>[w,a(`${h}.${w}`)])],{difficulty:o,timeframe:l,regime:r,sector:p,disguise:c}=z.value;return i`<section class="card">
    <h2>${a("play.lobby.title")}</h2>
    <p>${a("play.lobby.text")}</p>
    <${ne} label=${a("play.difficulty")} value=${o} onChange=${t("difficulty")} options=${Mn.map(u=>[u,a(`play.difficulty.${u}`)])} />
    <p class="fine">${a(`play.difficulty.${o}.means`)}</p>
    <button class="link" aria-expanded=${String(e)} onClick=${()=>n(!e)}>${a(e?"play.wishes.less":"play.wishes.more")}</button>
    ${e&&i`<div class="play-wishes">
      <${ne} label=${a("play.timeframe")} value=${l} onChange=${t("timeframe")} options=${Cn.map(u=>[u,a(`play.timeframe.${u}`)])} />
      <${te} name="play-regime" label=${a("regime.title")} value=${r} onChange=${t("regime")} options=${s(Ln,"regime")} />
      <${te} name="play-sector" label=${a("play.sector")} value=${p} onChange=${t("sector")} options=${s(On,"sector")} />
      <${ge} label=${a("play.disguise")} note=${a(c?"play.disguise.on":"play.disguise.off")} checked=${c} onChange=${t("disguise")} />
    </div>`}
  </section>`}function An({dealt:e}){let[n,t]=S(()=>Math.ceil((e.endsAt-Date.now())/1e3)),[s,o]=S("");v(()=>{let c=setInterval(()=>{let u=Math.ceil((e.endsAt-Date.now())/1e3);t(u);let h=En.find(w=>w===u);h&&o(a("play.left.said",{n:h})),u<=0&&d.value==="open"&&pe("late")},250);return()=>clearInterval(c)},[e]);let l=Math.max(0,n),r=l<=Rn;return i`<div class="countdown ${r?"countdown-hurry":""}">
    <span class="countdown-clock" role="timer" aria-label=${a("play.left")}>${r?"! ":""}${Math.floor(l/60)}:${String(l%60).padStart(2,"0")}</span>
    <span class="countdown-rail" aria-hidden="true"><span style=${{transform:`scaleX(${Math.min(1,l*1e3/e.lasts)})`}}></span></span>
    <span class="unseen" role="status">${s}</span>
  </div>`}function Bn(e){let n=e.map(l=>(l.high-l.low)/l.close),t=n.slice(-Ke).reduce((l,r)=>l+r,0)/Ke,s=[...n].sort((l,r)=>l-r)[Math.floor(n.length/2)]||t,o=t>Tn*s?"high":t<Dn*s?"low":"usual";return a(`play.volatility.${o}`,{range:P(t*100,{digits:1,signed:!1})})}function Nn(e){let n={timeZone:"UTC",weekday:"short",...e.timeframe!=="1d"&&{hour:"2-digit",minute:"2-digit",hourCycle:"h23"}},t=new Date(e.bars[e.bars.length-1].time*1e3).toLocaleString(document.documentElement.lang,n);return e.timeframe==="1d"?t:`${t} ${a("unit.msk")}`}function Un({dealt:e}){let n=e.disguised?[]:[`${e.secid} \xB7 ${e.name}`];n.push(a("play.lasts",{horizon:zn(e.horizon)}),Bn(e.bars),Nn(e));let{tags:t}=e;if(e.disguised&&n.push(a("play.disguised")),t||n.push(a("play.tags.none")),t&&t.regime&&n.unshift(M(`regime.${t.regime}`)?a(`regime.${t.regime}`):t.regime),t)for(let s of t.news_types)n.push(a("play.news",{type:M(`play.news.${s}`)?a(`play.news.${s}`):s}));return i`<ul class="round-facts" tabindex="0" aria-label=${a("play.context")}>${n.map(s=>i`<li class="round-fact">${s}</li>`)}
    ${e.is_simulated&&i`<li><${N} kind="simulated" /></li>`}</ul>`}function zn(e){let n=parseInt(e,10);return a(`play.horizon.${e.endsWith("min")?"min":e.endsWith("bars")?"bars":"days"}`,{n})}function Vn({dealt:e}){let n=m.value&&m.value.action;return i`<div class="choices" role="group" aria-label=${a("play.choices")}>
    ${oe.map((t,s)=>{let o=t==="SELL"&&!e.may_sell;return i`<button class="choice choice-${q(t)}" aria-pressed=${String(n===t)} aria-keyshortcuts=${s+1}
        disabled=${o||d.value!=="open"} onClick=${()=>re(t)}>
        <span class="choice-mark" aria-hidden="true">${Y[t]}</span>
        <span class="choice-word">${a(`action.${t}`)}${o&&i`<small>${a("play.no_short")}</small>`}</span>
        <kbd aria-hidden="true">${s+1}</kbd>
      </button>`})}
  </div>`}function Ye({name:e,label:n,value:t,kind:s}){let o=(l,r)=>i`<button class="step" disabled=${!Ae(e,l)||d.value!=="open"} onClick=${()=>Ie(e,l)}
    aria-label=${a(l>0?"play.step.more":"play.step.less",{label:n})}>${r}</button>`;return i`<div class="stepper mark-${s}"><span class="grow">${n}</span>${o(-1,"\u2212")}<output aria-live="polite">${t}</output>${o(1,"+")}</div>`}function Wn({dealt:e}){let n=G(e,m.value),t=_(null);if(v(()=>n&&t.current.scrollIntoView({block:"nearest"}),[n===null]),!n)return null;let s=m.value.action==="BUY"?1:-1,o=l=>I(l,{digits:2,signed:!0});return i`<section class="card play-levels" ref=${t} aria-label=${a("play.levels")}>
    <div class="steppers">
      <${Ye} name="target" label=${a("play.target")} value=${o(s*n.gain)} kind="up" />
      <${Ye} name="stop" label=${a("play.stop")} value=${o(-s*n.loss)} kind="down" />
    </div>
    <p class="fine play-ratio"><span>${a("play.ratio",{r:$(n.gain/n.loss,1)})}</span>
      ${ce(m.value)?i`<span>${a("play.usual")}</span>`:i`<button class="link" onClick=${Be}>${a("play.usual.again")}</button>`}</p>
    ${g.value&&g.value.status===422&&i`<p class="field-error" role="alert">${U(g.value)}</p>`}
  </section>`}function qe(e){let n=e.ctrlKey||e.metaKey||e.altKey||e.target.closest("input, select, textarea, dialog"),t=oe[Number(e.key)-1];n||!t||d.value!=="open"||(re(t),setTimeout(()=>document.querySelector(".main-button button")?.focus(),0))}function jn({dealt:e}){v(()=>(window.addEventListener("keydown",qe),()=>window.removeEventListener("keydown",qe)),[]);let n=m.value;return i`<${Vn} dealt=${e} />
    <${Wn} dealt=${e} />
    <${E} text=${d.value==="sending"?a("play.sending"):n?a("play.answer",{action:a(`action.${n.action}`)}):a("play.choose")}
      enabled=${!!n} busy=${d.value==="sending"} onPress=${ue} />`}function Fn(){let e=d.value;return i`<${Q} title=${a(`play.${e}.title`)} text=${a(`play.${e}.text`)}><button class="link" onClick=${F}>${a("play.back")}</button><//>
    <${E} text=${a("play.next")} onPress=${j} />`}function Hn(){let e=g.value;return i`<section class="card state" role="alert"><div class="state-mark" aria-hidden="true">!</div><h2>${a("play.unjudged.title")}</h2>
    <p>${a(e&&e.status===0?"play.unjudged.offline":"play.unjudged.text")}</p>
    ${e&&e.requestId&&i`<p class="fine">request_id ${e.requestId}</p>`}
    <button class="link" onClick=${F}>${a("play.back")}</button></section>
    <${E} text=${a("play.unjudged.again")} onPress=${ue} />`}function Kn(){let e=g.value;if(e.code!=="no_moment"&&e.status!==422&&e.code!=="not_ready")return i`<${he} problem=${e} onRetry=${j} />`;let n=e.code==="no_moment"?a("play.no_moment.text"):e.code==="not_ready"?a("play.not_ready.text"):U(e);return i`<${Q} title=${a("play.no_moment.title")} text=${n}><button class="button" onClick=${F}>${a("play.no_moment.again")}</button><//>`}function Yn({dealt:e}){let n=x.value,t=()=>{X.value=!0,Ne()};v(()=>{n||(X.value=!1)},[n]);let s=d.value==="open"||d.value==="sending";return i`<div class="play-round">
    <section class="card card-chart" aria-label=${a("play.chart")}>
      <${De} deal=${e} bars=${e.bars} levels=${G(e,m.value)} reveal=${n} after=${n?n.after:Pn} atOnce=${W.value} onDone=${t} />
    </section>
    <div class="play-side">
      ${!n&&i`<${Un} dealt=${e} />`}
      ${s&&i`<${jn} dealt=${e} />`}
      ${d.value==="unjudged"&&i`<${Hn} />`}
      ${n&&!X.value&&i`<button class="button button-quiet" onClick=${()=>W.value=!0}>${a("play.skip")}</button>`}
      ${n&&X.value&&i`<${He} told=${n} />
        <button class="link" onClick=${F}>${a("play.back")}</button>
        <${E} text=${a("play.next")} onPress=${j} />`}
    </div>
  </div>`}function St(){let e=R.value,n=d.value,t=e&&["open","sending","unjudged","told"].includes(n),s=n==="open"||n==="sending";return i`<main class="screen play" id="main">
    <${me} title=${a("play.title")}>${s&&i`<${An} key=${e.scenario_id} dealt=${e} />`}<//>
    ${n==="dealing"&&i`<${fe} heights=${[320,32,128]} />`}
    ${n==="failed"&&i`<${Kn} />`}
    ${(n==="late"||n==="answered")&&i`<${Fn} />`}
    ${t&&i`<${Yn} key=${e.scenario_id} dealt=${e} />`}
    ${!t&&n!=="dealing"&&i`<div class="play-lobby">
      ${n==="lobby"&&i`<div class="play-side play-begin"><${In} /><${E} text=${a("play.deal")} onPress=${j} /></div>`}
      <${We} /></div>`}
  </main>`}export{St as PlayScreen};
