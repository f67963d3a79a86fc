import{b as v,c as T,d as g,h as $,r as k}from"./chunk-OFME77TP.js";var O=8,E=24,f=4,j=7,q=326;function P(t){let[s,n]=v(q);return T(()=>{let a=new ResizeObserver(([e])=>n(Math.max(160,Math.floor(e.contentRect.width))));return a.observe(t.current),()=>a.disconnect()},[]),s}function R(t,s,n=4){let e=(s-t||Math.abs(s)||1)/n,o=10**Math.floor(Math.log10(e)),h=[1,2,2.5,5,10].find(i=>i*o>=e)*o,p=Math.floor(t/h+1e-9),x=Math.max(p+1,Math.ceil(s/h-1e-9));return Array.from({length:x-p+1},(i,r)=>Number(((p+r)*h).toPrecision(12)))}function B({caption:t,heads:s,rows:n}){return $`<details class="plot-table"><summary>${k("plot.table")}</summary>
    <div class="scroll" tabindex="0" role="region" aria-label=${t}><table class="grouped"><caption class="unseen">${t}</caption>
      <thead><tr>${s.map((a,e)=>$`<th scope="col" class=${e?"n":""}>${a}</th>`)}</tr></thead>
      <tbody>${n.map(a=>$`<tr>${a.map((e,o)=>o?$`<td class="n">${e}</td>`:$`<th scope="row">${e}</th>`)}</tr>`)}</tbody>
    </table></div></details>`}function F({width:t,height:s,ticks:n,names:a,xs:e}){let o=Math.max(...a.map(r=>r.length))*j+8,[h,p]=[n[0],n[n.length-1]],[x,i]=e;return{right:t-o,bottom:s-E,x:r=>f+(r-x)/(i-x||1)*(t-o-f),y:r=>O+(p-r)/(p-h)*(s-E-O)}}function L({frame:t,ticks:s,names:n}){return s.map((a,e)=>$`<line class="plot-grid" x1=${f} x2=${t.right} y1=${t.y(a)} y2=${t.y(a)} />
      <text class="plot-tick" x=${t.right+6} y=${t.y(a)+4}>${n[e]}</text>`)}function W({frame:t,height:s,names:n}){return $`<text class="plot-tick" x=${f} y=${s-6}>${n[0]}</text>
    <text class="plot-tick plot-end" x=${t.right} y=${s-6}>${n[1]}</text>`}var d=t=>t.map(([s,n],a)=>`${a?"L":"M"}${s.toFixed(1)} ${n.toFixed(1)}`).join("");function D({points:t,format:s,label:n,base:a=null,filled:e=!1,height:o=200,table:h}){let p=g(null),x=P(p),i=t.flatMap(m=>[m.y,m.low??m.y,m.high??m.y]).concat(a===null?[]:[a]),r=R(Math.min(...i),Math.max(...i)),u=r.map(s),l=F({width:x,height:o,ticks:r,names:u,xs:[0,Math.max(1,t.length-1)]}),y=m=>t.map((b,Z)=>[l.x(Z),l.y(b[m]??b.y)]),c=y("y"),M=l.y(a??r[0]),[w,C]=c[c.length-1];return $`<figure class="plot" ref=${p}>
    <svg width=${x} height=${o} viewBox=${`0 0 ${x} ${o}`} role="img" aria-label=${n}>
      <${L} frame=${l} ticks=${r} names=${u} />
      ${t.some(m=>m.low!==void 0)&&$`<path class="plot-band" d=${`${d([...y("high"),...y("low").reverse()])}Z`} />`}
      ${e&&$`<path class="plot-fill" d=${`${d([[c[0][0],M],...c,[w,M]])}Z`} />`}
      ${a!==null&&$`<line class="plot-base" x1=${f} x2=${l.right} y1=${l.y(a)} y2=${l.y(a)} />`}
      <path class=${e?"plot-line plot-line-down":"plot-line"} d=${d(c)} />
      <circle class=${e?"plot-dot plot-dot-down":"plot-dot"} cx=${w} cy=${C} r="4" />
      <${W} frame=${l} height=${o} names=${[t[0].name,t[t.length-1].name]} />
    </svg>
    <${B} caption=${n} ...${h} />
  </figure>`}function G({dots:t,format:s,label:n,names:a,table:e}){let o=g(null),h=Math.min(P(o),480),p=Math.round(h*.72),x=t.flatMap(c=>[c.x,c.y,c.low,c.high]),i=R(Math.min(...x),Math.max(...x)),[r,u]=[i[0],i[i.length-1]],l=F({width:h,height:p,ticks:i,names:i.map(s),xs:[r,u]}),y=Math.max(...t.map(c=>c.n),1);return $`<figure class="plot" ref=${o}>
    <p class="plot-name">↑ ${a.y}</p>
    <svg width=${h} height=${p} viewBox=${`0 0 ${h} ${p}`} role="img" aria-label=${n}>
      <${L} frame=${l} ticks=${i} names=${i.map(s)} />
      <line class="plot-base" x1=${l.x(r)} y1=${l.y(r)} x2=${l.x(u)} y2=${l.y(u)} />
      ${t.map(c=>$`<line class="plot-whisker" x1=${l.x(c.x)} x2=${l.x(c.x)} y1=${l.y(c.low)} y2=${l.y(c.high)} />
          <circle class="plot-dot" cx=${l.x(c.x)} cy=${l.y(c.y)} r=${3+5*Math.sqrt(c.n/y)} />`)}
      <${W} frame=${l} height=${p} names=${[s(r),s(u)]} />
    </svg>
    <p class="plot-name plot-name-x">${a.x} →</p>
    <${B} caption=${n} ...${e} />
  </figure>`}function H({rate:t,low:s,high:n,needed:a,label:e}){let o=h=>`${Math.min(100,Math.max(0,h*100))}%`;return $`<div class="rate-bar" role="img" aria-label=${e}>
    <span class="rate-fill" style=${{width:o(t)}}></span>
    <span class="rate-whisker" style=${{left:o(s),width:o(n-s)}}></span>
    ${a!=null&&$`<span class="even-mark" style=${{left:o(a)}}></span>`}
  </div>`}export{D as a,G as b,H as c};
