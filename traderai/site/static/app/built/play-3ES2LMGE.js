import{a as be,b as ke,c as _e,d as we,e as xe,f as Se,g as Me,h as ae,i as Ce,j as Oe}from"./chunk-HIHMN4Q4.js";import{a as Ee}from"./chunk-3URO74BB.js";import{a as K,e as E}from"./chunk-SC2AGQLB.js";import{$ as $e,Aa as ve,B as k,D as O,O as A,Q as H,W as J,b as S,ba as de,c as v,d as w,da as Y,ea as B,f as b,fa as q,h as i,ha as me,k as T,ka as N,n as D,na as U,oa as he,pa as Q,q as M,qa as ee,r as a,s as $,sa as fe,ua as ne,va as f,w as P,wa as ye,x as I,xa as te,ya as ge,za as L}from"./chunk-OFME77TP.js";var Le=2,Ze=5,Xe=.22,Je=3e3,Qe=60,en=.1,nn=.35,tn=7*86400,Te=3*3600;function ie(e){return e.map(n=>({...n,time:Date.parse(n.begin)/1e3+Te}))}function an(e,n){let t=D.value==="ru"?"ru-RU":"en-GB",s=(r,p)=>new Date(r*1e3).toLocaleString(t,{timeZone:"UTC",...p}),o={hour:"2-digit",minute:"2-digit",hourCycle:"h23"},l=e.disguised?{weekday:"short"}:{day:"numeric",month:"short"};if(e.timeframe==="1d"&&e.disguised){let r=new Map(n.map((c,h)=>[c.time,h])),p=n.length-1,u=c=>r.has(c)&&r.get(c)<p?a("play.chart.back",{n:p-r.get(c)}):"";return{tick:u,hover:u}}return{tick:(r,p)=>s(r,p===ke.Time?o:l).replace(/ г\./,""),hover:r=>`${s(r,e.timeframe==="1d"?{...l,year:"numeric"}:{...l,...o})}${e.timeframe==="1d"?"":` ${a("unit.msk")}`}`}}var se=class extends Se{x(n,t){return n===null?t.bitmapSize.width:super.x(n,t)}},le=class extends xe{constructor(n,t){super(),Object.assign(this,{time:n,line:t})}paint(n){let t=this.x(this.time,n);if(t===null)return;let{context:s,horizontalPixelRatio:o}=n,l=Math.round(t+this.chart.timeScale().options().barSpacing/2*o)+.5;s.save(),s.strokeStyle=this.line,s.lineWidth=Math.max(1,Math.floor(o)),s.setLineDash([4*o,4*o]),s.beginPath(),s.moveTo(l,0),s.lineTo(l,n.bitmapSize.height),s.stroke(),s.restore()}};function sn(e){let n=new Intl.DateTimeFormat("en-GB",{timeZone:"Europe/Moscow",year:"numeric",month:"2-digit",day:"2-digit",hour:"2-digit",minute:"2-digit",hourCycle:"h23"}).formatToParts(new Date(e)),t=s=>Number(n.find(o=>o.type===s).value);return Date.UTC(t("year"),t("month")-1,t("day"),t("hour"),t("minute"))/1e3}function Re({trade:e,action:n,name:t,shape:s,deal:o,reveal:l,after:r}){if(!e||!r.length)return[];let p=o.disguised?sn(e.entry_at)+l.weeks*tn:Date.parse(e.entry_at)/1e3+Te,u=Math.max(0,r.findIndex(_=>_.time>=p)),c=Math.min(r.length-1,u+e.bars_held-1),h=n==="BUY";return[{time:r[u].time,position:h?"belowBar":"aboveBar",shape:h?"arrowUp":"arrowDown",color:E("--accent"),text:t},{time:r[c].time,position:"atPriceMiddle",price:e.exit_price*l.price_factor,shape:s,color:E("--text"),text:`${t} ${k(e.r_multiple)}`}]}function ln(e,n,t,s){let o={deal:n,reveal:t,after:s},{you:l,ai:r}=t,p=l.trade&&r.trade&&l.action===r.action&&l.trade.exit_at===r.trade.exit_at,u=p?`${a("play.you")} + ${a("play.ai")}`:a("play.you"),c=Re({...o,...l,name:u,shape:"circle"}),h=p?[]:Re({...o,...r,name:a("play.ai"),shape:"square"});we(e,[...c,...h].sort((_,Ge)=>_.time-Ge.time))}function on(e,n,t){let s=_e(e,Me(Le,an(t,n))),o=Ce(s,n),l=Oe(s,n,Le,!0),r=n[n.length-1];l.attachPrimitive(new le(r.time,E("--hint")));let p=Math.round(e.clientWidth/Ze),u=n.length+Math.round(p*Xe);return s.timeScale().setVisibleLogicalRange({from:Math.max(0,u-p),to:u}),{chart:s,series:l,volume:o,last:r,lines:[],zones:null}}function rn(e,n){if(e.lines.forEach(u=>e.series.removePriceLine(u)),e.zones&&e.series.detachPrimitive(e.zones),e.lines=[],e.zones=null,e.series.applyOptions({autoscaleInfoProvider:void 0}),!n)return;let{takeProfit:t,stopLoss:s}=n,{close:o,time:l}=e.last,r=(u,c)=>({high:Math.max(u,o),low:Math.min(u,o),fill:E(c)});e.zones=new se([r(t,"--up-zone"),r(s,"--down-zone")],l,null),e.series.attachPrimitive(e.zones);let p=(u,c,h)=>e.series.createPriceLine({price:u,color:E(c),lineWidth:1,lineStyle:be.Dashed,axisLabelVisible:!0,title:h});e.lines=[p(t,"--up",a("call.tp")),p(s,"--down",a("call.sl"))],e.series.applyOptions({autoscaleInfoProvider:u=>{let c=u();return c&&c.priceRange&&(c.priceRange.maxValue=Math.max(c.priceRange.maxValue,t,s),c.priceRange.minValue=Math.min(c.priceRange.minValue,t,s)),c}})}function cn(e,n,t,{atOnce:s,onDone:o}){let l=t.length+2+Math.round(t.length*en),r=Math.round(l/(1-nn));if(e.chart.timeScale().applyOptions({shiftVisibleRangeOnNewBar:!1}),e.chart.timeScale().setVisibleLogicalRange({from:n.length+l-r,to:n.length+l}),s)return e.series.setData([...n,...t]),e.volume.setData([...n,...t].map(ae)),o(),()=>{};let p=0,u=setInterval(()=>{e.series.update(t[p]),e.volume.update(ae(t[p])),p+=1,p>=t.length&&(clearInterval(u),o())},Math.min(Qe,Je/t.length));return()=>clearInterval(u)}function un(e,n){let[t,s]=[e[0],e[e.length-1]],o=P((s.close/t.open-1)*100,{digits:1}),l=a("play.chart.label",{n:e.length,change:o});return n.length?`${l} ${a("play.chart.then",{n:n.length,change:P((n[n.length-1].close/s.close-1)*100,{digits:1})})}`:l}function De({deal:e,bars:n,levels:t,reveal:s,after:o,atOnce:l,onDone:r}){let p=w(null),u=w(null),c=w(null);return v(()=>(u.current=on(p.current,n,e),()=>{u.current.chart.remove(),u.current=null}),[n,K.value,D.value]),v(()=>rn(u.current,t),[n,K.value,D.value,t&&t.takeProfit,t&&t.stopLoss]),v(()=>{if(!s)return;let h=()=>{c.current=s,ln(u.current.series,e,s,o),r()},_=l||!o.length||c.current===s;return cn(u.current,n,o,{atOnce:_,onDone:h})},[n,K.value,D.value,s,c.current!==s&&l]),i`<figure class="chart-box">
    <div class="chart play-chart" ref=${p} role="img" aria-label=${un(n,o)}></div>
    <figcaption class="fine"><a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">TradingView Lightweight Charts™</a> © 2025 TradingView, Inc.</figcaption>
  </figure>`}var oe=["BUY","SELL","HOLD","NO_TRADE"],y={usual:8,least:3,most:31},pn=3e3,$n=window.matchMedia("(prefers-reduced-motion: reduce)"),d=b("lobby"),z=b({difficulty:"normal",timeframe:"1h",regime:"",sector:"",disguise:!0}),R=b(null),m=b(null),x=b(null),g=b(null),V=b(0),W=b(!1);async function j(){d.value="dealing",g.value=null;try{let{difficulty:e,timeframe:n,regime:t,sector:s,disguise:o}=z.value,l=await A("/training_scenario",{difficulty:e,timeframe:n,regime:t,sector:s,disguise:String(o)});R.value={...l,bars:ie(l.candles),isAgain:l.servedAt-Date.parse(l.served_at)>pn,endsAt:l.receivedAt+Date.parse(l.expires_at)-l.servedAt,lasts:Date.parse(l.expires_at)-Date.parse(l.served_at)},m.value=null,x.value=null,W.value=$n.matches,d.value="open"}catch(e){g.value=e,d.value="failed"}}function re(e){d.value!=="open"||e==="SELL"&&!R.value.may_sell||(g.value=null,m.value={target:y.usual,stop:y.usual,...m.value,action:e},T())}function Ie(e,n){let t=m.value[e]+n;t<y.least||t>y.most||(m.value={...m.value,[e]:t},T())}var Ae=(e,n)=>m.value[e]+n>=y.least&&m.value[e]+n<=y.most,ce=({target:e,stop:n})=>e===y.usual&&n===y.usual;function Be(){m.value={...m.value,target:y.usual,stop:y.usual}}function G(e,n){if(!e||!n||n.action!=="BUY"&&n.action!=="SELL")return null;let t=n.action==="BUY"?1:-1,s=e.take_profit_frac*n.target/y.usual,o=e.stop_loss_frac*n.stop/y.usual,{close:l}=e.bars[e.bars.length-1];return{gain:s,loss:o,takeProfit:l*(1+t*s),stopLoss:l*(1-t*o)}}var Pe={late:"late",answered:"answered"};async function ue(){let[e,n]=[R.value,m.value],t=ce(n)?null:G(e,n),s=d.value==="unjudged",o=Math.min(86400,Math.max(0,(e.lasts-(e.endsAt-Date.now()))/1e3));d.value="sending",g.value=null;try{let l=await H("POST","/training_answer",{scenario_id:e.scenario_id,action:n.action,...t&&{take_profit:t.takeProfit,stop_loss:t.stopLoss},taken_s:n.taken_s??o});x.value={...l,after:ie(l.candles_after)},d.value="told"}catch(l){g.value=l,m.value={...n,taken_s:n.taken_s??o},l.code in Pe?pe(Pe[l.code]):l.status===422&&!s?d.value="open":d.value="unjudged"}}function pe(e){d.value=e,V.value+=1,T("warning")}function Ne(){x.value.isSeen||(x.value.isSeen=!0,W.value=!0,V.value+=1,T({1:"success",0:"error"}[x.value.score]||"warning"))}function F(){d.value="lobby",R.value=null,m.value=null,x.value=null,g.value=null}var C=2,dn=10,Ue=1500,Ve=({rating:e,deviation:n})=>({low:$(e-C*n),high:$(e+C*n)});function mn({curve:e}){if(e.length<2)return i`<p class="fine">${a("play.curve.few")}</p>`;let n=e.map(l=>({y:l.rating,low:l.rating-C*l.deviation,high:l.rating+C*l.deviation,name:O(l.at,{withTime:!1})})),t=e[e.length-1],s={heads:[a("play.curve.when"),a("play.rating"),"\xB1 95 %"],rows:e.map(l=>[O(l.at),$(l.rating),$(C*l.deviation)])},o=a("play.curve.label",{n:e.length,first:$(e[0].rating),last:$(t.rating),...Ve(t)});return i`<${Ee} points=${n} base=${Ue} format=${l=>$(l)} label=${o} table=${s} />
    <p class="fine">${a("play.curve.key",{start:$(Ue)})}</p>`}function hn({data:e}){let{strength:n,total:t,streak:s,best_streak:o}=e;return i`<section class="card">
    <h2>${a("play.standing")}</h2>
    <div class="play-strength"><b>${$(n.rating)}</b>
      <span class="fine">${a("play.between",Ve(n))}</span></div>
    ${t.rounds===0&&i`<p>${a("play.fresh")}</p>`}
    ${t.rated>0&&i`<${mn} curve=${e.curve} />`}
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
          <small>${a("play.rounds",{n:s.rounds})}${s.rounds<dn?` \xB7 ${a("play.few")}`:""}</small></th>
          <td class="n">${s.wins}–${s.draws}–${s.losses}</td>
          <td class="n text-${B(s.mean_r)}">${k(s.mean_r)}</td>
          <td class="n">${k(s.mean_ai_r)}</td></tr>`)}</tbody></table></div>
    <p class="fine">${a("play.records.key")}</p></section>`:null}function fn({nickname:e,onSaved:n}){let[t,s]=S(null),[o,l]=S(null),r=async u=>{try{await H("PATCH","/training_rating",{nickname:u}),s(null),l(null),ve(a(u===null?"play.nickname.gone":"play.nickname.saved")),n()}catch(c){l(c)}},p=u=>{u.preventDefault(),r(t.trim())};return t===null?i`<div class="play-nickname"><p class="grow">${e?a("play.nickname.shown",{name:e}):a("play.nickname.none")}</p>
      <button class="link" onClick=${()=>s(e||"")}>${a(e?"play.nickname.change":"play.nickname.choose")}</button></div>`:i`<form class="play-nickname-form" onSubmit=${p}>
    <${ye} name="nickname" label=${a("play.nickname")} value=${t} onInput=${s} hint=${a("play.nickname.hint")} error=${o?U(o):""}
      maxlength="20" autocomplete="nickname" autocapitalize="none" spellcheck=${!1} />
    <div class="play-nickname-buttons"><button class="button" type="submit" disabled=${!t.trim()}>${a("play.nickname.save")}</button>
      ${e&&i`<button class="link" type="button" onClick=${()=>r(null)}>${a("play.nickname.withdraw")}</button>`}
      <button class="link" type="button" onClick=${()=>s(null)}>${a("play.nickname.cancel")}</button></div>
  </form>`}function yn({rows:e,nickname:n,onSaved:t}){return i`<section class="card"><h2>${a("play.board")}</h2>
    ${e.length===0&&i`<p>${a("play.board.empty")}</p>`}
    ${e.length>0&&i`<ol class="board">${e.map(s=>i`<li class=${s.is_you?"board-you":""}>
        <span class="board-place">${s.place===null?i`<span aria-label=${a("play.ai")}>◇</span>`:s.place}</span>
        <span class="board-name"><b>${s.name}</b><small>${s.is_you?`${a("play.you")} \xB7 `:s.is_ai?`${a("play.ai")} \xB7 `:""}${a("play.games",{n:s.rounds})}${s.missed?` \xB7 ${a("play.board.missed",{n:s.missed})}`:""}</small></span>
        <span class="board-figures"><b>${$(s.strength.rating)}</b><small>${a("play.board.least",{least:$(s.strength.rating-C*s.strength.deviation)})}</small></span></li>`)}</ol>`}
    <p class="fine">${a("play.board.key")}</p>
    <${fn} nickname=${n} onSaved=${t} /></section>`}function We(){let e=J(`training_rating|${V.value}`,s=>A("/training_rating",{},s)),n=J(`training_leaderboard|${V.value}`,s=>A("/training_leaderboard",{},s)),t=()=>{e.reload(),n.reload()};return i`<div class="play-side play-own"><${ee} from=${e} heights=${[220,120]}>${s=>i`<${hn} data=${s} />
      <${ze} title=${a("play.by_regime")} family="regime" groups=${s.by_regime} />
      <${ze} title=${a("play.by_setup")} family="play.setup" groups=${s.by_setup} />`}<//></div>
    <div class="play-side play-leaders"><${ee} from=${n} heights=${[160]}>${s=>i`<${yn} rows=${s.results} nickname=${e.data?e.data.nickname:null} onSaved=${t} />`}<//></div>`}var gn={1:["won","up","\u25B2"],.5:["drawn","flat","\u25CF"],0:["lost","down","\u25BC"]},vn=["no_version","withdrawn","other_terms","not_ready"],Z=(e,n)=>M(`${e}.${n}`)?a(`${e}.${n}`):n;function bn(e){let n=e.unrated_reason;return e.state==="void"?a("play.unrated.void",{reason:Z("play.void",e.void_reason)}):a(n==="not_disguised"?"play.unrated.shown":"play.unrated.silent")}var Fe=e=>gn[e.score]||["unrated","flat","\u25CB"];function kn({told:e}){let[n,t,s]=Fe(e),o=w(null);return v(()=>o.current.focus({preventScroll:!0}),[]),i`<div class="round-end"><h2 tabindex="-1" ref=${o} class="text-${t}"><span aria-hidden="true">${s}</span> ${a(`play.${n}`)}</h2>
    ${e.score===null&&i`<p>${bn(e)}</p>`}</div>`}function _n({action:e,trade:n,r_multiple:t}){return n?a(`play.exit.${n.exit_reason}`,{bars:a("play.bars",{n:n.bars_held})}):t==null?a("play.exit.void"):a(e==="HOLD"?"play.exit.hold":"play.exit.out")}function je({name:e,side:n,children:t}){let s=n.action===null,o=n.r_multiple;return i`<section class="duel-side" aria-label=${e}>
    <p class="duel-name">${e}</p>
    ${s?i`<p class="duel-action">${a("play.ai.silent")}</p><p class="fine">${Z("play.silent",vn.includes(n.reason)?n.reason:"void")}</p>`:i`<p class="duel-action text-${q(n.action)}"><span aria-hidden="true">${Y[n.action]}</span> ${a(`action.${n.action}`)}</p>
          <p class="duel-r text-${B(o)}">${k(o)}</p>
          <p class="fine">${_n(n)}</p>`}
    ${t}
  </section>`}function wn({told:e}){let{you:n,ai:t}=e;return i`<div class="duel">
    <${je} name=${a("play.you")} side=${n} />
    <${je} name=${a("play.ai")} side=${t}>
      ${t.action!==null&&i`<p class="fine">${t.confidence===null?"":a("play.ai.confidence",{n:t.confidence})}</p>
        ${!t.proven&&t.action!=="NO_TRADE"&&i`<${N} kind="paper" />`}`}
    <//>
  </div>
  <p class="fine">${a("play.after_costs")} ${e.sides.long!==null&&a("play.sides",{long:k(e.sides.long),short:k(e.sides.short)})}</p>`}function xn({told:e}){if(e.score===null)return null;let[n,t]=[e.rating_before,e.rating],s=Math.round(t.rating)-Math.round(n.rating);return i`<p class="play-rating-change"><span>${a("play.rating")}</span>
    <b>${$(n.rating)} → ${$(t.rating)}</b>
    <span class="text-${B(s)}"><span aria-hidden="true">${s>0?"\u25B2":s<0?"\u25BC":"\u25CF"}</span> ${s>0?"+":s<0?"\u2212":""}${$(Math.abs(s))}</span>
    <span class="fine">${a("play.rating.error",{error:$(2*t.deviation)})}</span></p>`}function Sn({told:e}){let n=e.regime?Z("regime",e.regime):a("play.unknown");return i`<section class="card"><h2>${a("play.truth")}</h2>
    <p class="lead"><a href=${$e({ticker:e.secid})} onClick=${de({ticker:e.secid})}>${e.secid}</a> <small>${e.name}</small></p>
    ${e.is_simulated&&i`<${N} kind="simulated" />`}
    <dl class="figures">
      <${f} label=${a("play.when")} value=${O(e.as_of)} kind="figure-wide" />
      <${f} label=${a("regime.title")} value=${n} />
      <${f} label=${a("play.setup")} value=${Z("play.setup",e.setup)} />
    </dl></section>`}function Mn({ai:e,explanation:n}){let t=(n||"").split(/\n+/).filter(Boolean);return e.action===null||!t.length?null:i`<section class="card"><h2>${a("play.why")}</h2>
    ${t.map(s=>i`<p>${s}</p>`)}
    ${e.model_version&&i`<p class="fine">${a("play.model",{version:e.model_version,until:O(e.trained_until,{withTime:!1})})}</p>`}
  </section>`}function Cn({trade:e}){return e?i`<dl class="figures">
    <${f} label=${a("play.best")} value=${I(e.mfe_frac,{digits:1,signed:!0})} kind="mark-up" />
    <${f} label=${a("play.worst")} value=${I(e.mae_frac,{digits:1,signed:!0})} kind="mark-down" />
  </dl>`:null}function He({told:e}){return i`<section class="card call call-${Fe(e)[1]}">
      <${kn} told=${e} />
      <${wn} told=${e} />
      <${Cn} trade=${e.you.trade} />
      <${xn} told=${e} />
    </section>
    <${Sn} told=${e} />
    <${Mn} ai=${e.ai} explanation=${e.explanation} />`}var On=["easy","normal","hard"],En=["5m","1h","1d"],Ln=["uptrend","downtrend","flat","panic","euphoria","news_storm"],Rn=["oil_gas","metals","finance","retail","it","construction","telecom","transport","chemicals","power","consumer","industry","health","holding"],Tn=[60,30,10],Dn=10,Ke=14,Pn=1.3,In=.75,An=[],X=b(!1);function Bn(){let[e,n]=S(!1),t=c=>h=>z.value={...z.value,[c]:h},s=(c,h)=>[["",a("play.any")],...c.map(_=>[_,a(`${h}.${_}`)])],{difficulty:o,timeframe:l,regime:r,sector:p,disguise:u}=z.value;return i`<section class="card">
    <h2>${a("play.lobby.title")}</h2>
    <p>${a("play.lobby.text")}</p>
    <${ne} label=${a("play.difficulty")} value=${o} onChange=${t("difficulty")} options=${On.map(c=>[c,a(`play.difficulty.${c}`)])} />
    <p class="fine">${a(`play.difficulty.${o}.means`)}</p>
    <button class="link" aria-expanded=${String(e)} onClick=${()=>n(!e)}>${a(e?"play.wishes.less":"play.wishes.more")}</button>
    ${e&&i`<div class="play-wishes">
      <div><p class="fine" aria-hidden="true">${a("play.timeframe")}</p><${ne} label=${a("play.timeframe")} value=${l} onChange=${t("timeframe")} options=${En.map(c=>[c,a(`play.timeframe.${c}`)])} /></div>
      <${te} name="play-regime" label=${a("regime.title")} value=${r} onChange=${t("regime")} options=${s(Ln,"regime")} />
      <${te} name="play-sector" label=${a("play.sector")} value=${p} onChange=${t("sector")} options=${s(Rn,"sector")} />
      <${ge} label=${a("play.disguise")} note=${a(u?"play.disguise.on":"play.disguise.off")} checked=${u} onChange=${t("disguise")} />
    </div>`}
  </section>`}function Nn({dealt:e}){let[n,t]=S(()=>Math.ceil((e.endsAt-Date.now())/1e3)),[s,o]=S("");v(()=>{let u=setInterval(()=>{let c=Math.ceil((e.endsAt-Date.now())/1e3);t(c);let h=Tn.find(_=>_===c);h&&o(a("play.left.said",{n:h})),c<=0&&d.value==="open"&&pe("late")},250);return()=>clearInterval(u)},[e]);let l=Math.max(0,n),r=l<=Dn;return i`<div class="countdown ${r?"countdown-hurry":""}">
    <span class="countdown-clock" role="timer" aria-label=${a("play.left")}>${r?"! ":""}${Math.floor(l/60)}:${String(l%60).padStart(2,"0")}</span>
    <span class="countdown-rail" aria-hidden="true"><span style=${{transform:`scaleX(${Math.min(1,l*1e3/e.lasts)})`}}></span></span>
    <span class="unseen" role="status">${s}</span>
  </div>`}function Un(e){let n=e.map(l=>(l.high-l.low)/l.close),t=n.slice(-Ke).reduce((l,r)=>l+r,0)/Ke,s=[...n].sort((l,r)=>l-r)[Math.floor(n.length/2)]||t,o=t>Pn*s?"high":t<In*s?"low":"usual";return a(`play.volatility.${o}`,{range:P(t*100,{digits:1,signed:!1})})}function zn(e){let n={timeZone:"UTC",weekday:"short",...e.timeframe!=="1d"&&{hour:"2-digit",minute:"2-digit",hourCycle:"h23"}},t=new Date(e.bars[e.bars.length-1].time*1e3).toLocaleString(document.documentElement.lang,n);return e.timeframe==="1d"?t:`${t} ${a("unit.msk")}`}function Vn({dealt:e}){let n=e.disguised?[]:[`${e.secid} \xB7 ${e.name}`];n.push(`${a("play.timeframe")}: ${a(`play.timeframe.${e.timeframe}`)}`,a("play.lasts",{horizon:Wn(e.horizon)}),Un(e.bars),zn(e));let{tags:t}=e;if(e.disguised&&n.push(a("play.disguised")),t||n.push(a("play.tags.none")),t&&t.regime&&n.unshift(M(`regime.${t.regime}`)?a(`regime.${t.regime}`):t.regime),t)for(let s of t.news_types)n.push(a("play.news",{type:M(`play.news.${s}`)?a(`play.news.${s}`):s}));return i`<ul class="round-facts" tabindex="0" aria-label=${a("play.context")}>${n.map(s=>i`<li class="round-fact">${s}</li>`)}
    ${e.is_simulated&&i`<li><${N} kind="simulated" /></li>`}</ul>
    ${e.isAgain&&i`<p class="fine">${a("play.again")}</p>`}`}function Wn(e){let n=parseInt(e,10);return a(`play.horizon.${e.endsWith("min")?"min":e.endsWith("bars")?"bars":"days"}`,{n})}function jn({dealt:e}){let n=m.value&&m.value.action;return i`<div class="choices" role="group" aria-label=${a("play.choices")}>
    ${oe.map((t,s)=>{let o=t==="SELL"&&!e.may_sell;return i`<button class="choice choice-${q(t)}" aria-pressed=${String(n===t)} aria-keyshortcuts=${s+1}
        disabled=${o||d.value!=="open"} onClick=${()=>re(t)}>
        <span class="choice-mark" aria-hidden="true">${Y[t]}</span>
        <span class="choice-word">${a(`action.${t}`)}${o&&i`<small>${a("play.no_short")}</small>`}</span>
        <kbd aria-hidden="true">${s+1}</kbd>
      </button>`})}
  </div>`}function Ye({name:e,label:n,value:t,kind:s}){let o=(l,r)=>i`<button class="step" disabled=${!Ae(e,l)||d.value!=="open"} onClick=${()=>Ie(e,l)}
    aria-label=${a(l>0?"play.step.more":"play.step.less",{label:n})}>${r}</button>`;return i`<div class="stepper mark-${s}"><span class="grow">${n}</span>${o(-1,"\u2212")}<output aria-live="polite">${t}</output>${o(1,"+")}</div>`}function Fn({dealt:e}){let n=G(e,m.value),t=w(null);if(v(()=>n&&t.current.scrollIntoView({block:"nearest"}),[n===null]),!n)return null;let s=m.value.action==="BUY"?1:-1,o=l=>I(l,{digits:2,signed:!0});return i`<section class="card play-levels" ref=${t} aria-label=${a("play.levels")}>
    <div class="steppers">
      <${Ye} name="target" label=${a("play.target")} value=${o(s*n.gain)} kind="up" />
      <${Ye} name="stop" label=${a("play.stop")} value=${o(-s*n.loss)} kind="down" />
    </div>
    <p class="fine play-ratio"><span>${a("play.ratio",{r:$(n.gain/n.loss,1)})}</span>
      ${ce(m.value)?i`<span>${a("play.usual")}</span>`:i`<button class="link" onClick=${Be}>${a("play.usual.again")}</button>`}</p>
    ${g.value&&g.value.status===422&&i`<p class="field-error" role="alert">${U(g.value)}</p>`}
  </section>`}function qe(e){let n=e.ctrlKey||e.metaKey||e.altKey||e.target.closest("input, select, textarea, dialog"),t=oe[Number(e.key)-1];n||!t||d.value!=="open"||(re(t),setTimeout(()=>document.querySelector(".main-button button")?.focus(),0))}function Hn({dealt:e}){v(()=>(window.addEventListener("keydown",qe),()=>window.removeEventListener("keydown",qe)),[]);let n=m.value;return i`<${jn} dealt=${e} />
    <${Fn} dealt=${e} />
    <${L} text=${d.value==="sending"?a("play.sending"):n?a("play.answer",{action:a(`action.${n.action}`)}):a("play.choose")}
      enabled=${!!n} busy=${d.value==="sending"} onPress=${ue} />`}function Kn(){let e=d.value;return i`<${Q} title=${a(`play.${e}.title`)} text=${a(`play.${e}.text`)}><button class="link" onClick=${F}>${a("play.back")}</button><//>
    <${L} text=${a("play.next")} onPress=${j} />`}function Yn(){let e=g.value;return i`<section class="card state" role="alert"><div class="state-mark" aria-hidden="true">!</div><h2>${a("play.unjudged.title")}</h2>
    <p>${a(e&&e.status===503?"play.unjudged.text":"play.unjudged.unsure")}</p>
    ${e&&e.requestId&&i`<p class="fine">request_id ${e.requestId}</p>`}
    <button class="link" onClick=${F}>${a("play.back")}</button></section>
    <${L} text=${a("play.unjudged.again")} onPress=${ue} />`}function qn(){let e=g.value;if(e.code!=="no_moment"&&e.status!==422&&e.code!=="not_ready")return i`<${he} problem=${e} onRetry=${j} />`;let n=e.code==="no_moment"?a("play.no_moment.text"):e.code==="not_ready"?a("play.not_ready.text"):U(e);return i`<${Q} title=${a("play.no_moment.title")} text=${n}><button class="button" onClick=${F}>${a("play.no_moment.again")}</button><//>`}function Gn({dealt:e}){let n=x.value,t=()=>{X.value=!0,Ne()};v(()=>{n||(X.value=!1)},[n]);let s=d.value==="open"||d.value==="sending";return i`<div class="play-round">
    <section class="card card-chart" aria-label=${a("play.chart")}>
      <${De} deal=${e} bars=${e.bars} levels=${G(e,m.value)} reveal=${n} after=${n?n.after:An} atOnce=${W.value} onDone=${t} />
    </section>
    <div class="play-side">
      ${!n&&i`<${Vn} dealt=${e} />`}
      ${s&&i`<${Hn} dealt=${e} />`}
      ${d.value==="unjudged"&&i`<${Yn} />`}
      ${n&&!X.value&&i`<button class="button button-quiet" onClick=${()=>W.value=!0}>${a("play.skip")}</button>`}
      ${n&&X.value&&i`<${He} told=${n} />
        <button class="link" onClick=${F}>${a("play.back")}</button>
        <${L} text=${a("play.next")} onPress=${j} />`}
    </div>
  </div>`}function Ct(){let e=R.value,n=d.value,t=e&&["open","sending","unjudged","told"].includes(n),s=n==="open"||n==="sending";return i`<main class="screen play" id="main">
    <${me} title=${a("play.title")}>${s&&i`<${Nn} key=${e.scenario_id} dealt=${e} />`}<//>
    ${n==="dealing"&&i`<${fe} heights=${[320,32,128]} />`}
    ${n==="failed"&&i`<${qn} />`}
    ${(n==="late"||n==="answered")&&i`<${Kn} />`}
    ${t&&i`<${Gn} key=${e.scenario_id} dealt=${e} />`}
    ${!t&&n!=="dealing"&&i`<div class="play-lobby">
      ${n==="lobby"&&i`<div class="play-side play-begin"><${Bn} /><${L} text=${a("play.deal")} onPress=${j} /></div>`}
      <${We} /></div>`}
  </main>`}export{Ct as PlayScreen};
