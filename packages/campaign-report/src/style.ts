/** Light and dark by the reader's scheme; on paper light, and no chart is torn apart. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#17202c;--soft:#5b6778;--line:#dfe4ea;--page:#f6f7f9;--card:#fff;--track:#edf0f4;--accent:#2563c9;
--c0:#2563c9;--c1:#e08a1e;--c2:#0e9384;--c3:#8455d0;--c4:#cf4a83;--c5:#6d8a1f;--c6:#3aa0d8;--c7:#8a94a3;
--v0:#2563c9;--v1:#b6c2d1;--v2:#8799b0;--v3:#e0a11e;--v4:#8455d0;--v5:#0e9384;--v6:#cf4a83;--v7:#5d6875;
--success:#1f9d61;--lost:#e0a11e;--hard:#d23f3f;--silent:#7d1f3a;--stalled:#e2702c;--benign:#93a0b0;--pending:#cfd6de;--flight:#4b8fe2;--unproven:#7cc0d8}
@media (prefers-color-scheme:dark){:root{--ink:#e4e9f0;--soft:#97a3b4;--line:#2b3441;--page:#10151c;--card:#171e28;--track:#222b37;--accent:#6aa3f5;
--c0:#5b97ef;--c1:#eda64c;--c2:#37b8a9;--c3:#ab86ea;--c4:#e57bab;--c5:#a0bc4d;--c6:#6fc3ee;--c7:#8a94a3;
--v0:#5b97ef;--v1:#3f4c5d;--v2:#63738a;--v3:#ecb848;--v4:#ab86ea;--v5:#37b8a9;--v6:#e57bab;--v7:#97a3b4;
--success:#3dba7c;--lost:#ecb848;--hard:#ec6a6a;--silent:#c65a7c;--stalled:#f0925a;--benign:#7d8999;--pending:#3a4554;--flight:#6aa3f5;--unproven:#5fa9c4}}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff}body{padding:0!important}section,.tiles{break-inside:avoid}section.long{break-inside:auto}tr{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
*{box-sizing:border-box}
body{margin:0;padding:28px 20px 48px;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
main,header,footer{max-width:1080px;margin:0 auto}
h1{font-size:26px;line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:16px;margin:0 0 2px}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-top:16px;min-width:0}
section>p.lead{margin:0 0 14px;color:var(--soft);font-size:13.5px}
small,.soft{color:var(--soft);font-size:12.5px}
.head{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:center}
.badge{border-radius:99px;padding:3px 12px;font-weight:600;font-size:13px;border:1px solid currentColor}
.s-finished{color:var(--success)}.s-aborted{color:var(--hard)}.s-paused{color:var(--stalled)}.s-running{color:var(--accent)}.s-planning,.s-ready{color:var(--soft)}
.why{margin:8px 0 0;font-weight:500}
dl.facts{display:flex;flex-wrap:wrap;gap:2px 22px;margin:10px 0 0;font-size:13px}dl.facts div{display:flex;gap:6px;min-width:0}dt{color:var(--soft)}dd{margin:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:12px;margin-top:18px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tile b{display:block;font-size:25px;line-height:1.25;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}.tile i{float:right;width:9px;height:9px;border-radius:50%;margin-top:9px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:0 16px}
.rows{display:grid;gap:9px}
.row{display:grid;grid-template-columns:minmax(84px,var(--label)) minmax(40px,1fr) auto;gap:3px 12px;align-items:center}
.funnel{--label:84px}.funnel .row{grid-template-columns:84px minmax(40px,1fr) 118px 66px}.failures{--label:200px}.stages{--label:0px}
.failures .row{grid-template-columns:minmax(84px,200px) minmax(40px,1fr) 56px}.stages .row{grid-template-columns:minmax(0,1fr) auto}.stages .row svg{grid-column:1/-1;grid-row:2}.stages{gap:12px}.stages svg.bar{height:14px}
.figure{text-align:right;font-variant-numeric:tabular-nums}
.note{color:var(--hard);font-size:12.5px;text-align:right;font-variant-numeric:tabular-nums}
svg{display:block;width:100%}svg.bar{height:18px;border-radius:4px}
code{font:600 12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--track);border-radius:4px;padding:1px 5px}
.track{fill:var(--track)}.kept{fill:var(--accent)}.lost{fill:var(--accent);opacity:.22}
.grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.p50{fill:var(--c0);background:var(--c0)}.p90{fill:var(--c6);background:var(--c6);opacity:.75}.p99{fill:var(--c7);background:var(--c7);opacity:.55}
.c0{fill:var(--c0);background:var(--c0)}.c1{fill:var(--c1);background:var(--c1)}.c2{fill:var(--c2);background:var(--c2)}.c3{fill:var(--c3);background:var(--c3)}
.c4{fill:var(--c4);background:var(--c4)}.c5{fill:var(--c5);background:var(--c5)}.c6{fill:var(--c6);background:var(--c6)}.c7{fill:var(--c7);background:var(--c7)}
.v0{fill:var(--v0);background:var(--v0)}.v1{fill:var(--v1);background:var(--v1)}.v2{fill:var(--v2);background:var(--v2)}.v3{fill:var(--v3);background:var(--v3)}.v4{fill:var(--v4);background:var(--v4)}.v5{fill:var(--v5);background:var(--v5)}.v6{fill:var(--v6);background:var(--v6)}.v7{fill:var(--v7);background:var(--v7)}
.k-success{fill:var(--success);background:var(--success)}.k-config_lost{fill:var(--lost);background:var(--lost)}.k-hard{fill:var(--hard);background:var(--hard)}
.k-silent{fill:var(--silent);background:var(--silent)}.k-stalled{fill:var(--stalled);background:var(--stalled)}.k-benign{fill:var(--benign);background:var(--benign)}
.k-pending{fill:var(--pending);background:var(--pending)}.k-in_flight{fill:var(--flight);background:var(--flight)}.k-unproven{fill:var(--unproven);background:var(--unproven)}
ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:3px 18px;margin:14px 0 0;padding:0;font-size:13px}
ul.legend i,.dot{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px;vertical-align:-1px}.scale{color:var(--soft)}
.plot{display:grid;grid-template-columns:auto minmax(0,1fr);gap:6px 10px}.plot svg{height:230px;border-bottom:1px solid var(--line);border-left:1px solid var(--line)}
.plot .y{display:flex;flex-direction:column;justify-content:space-between;text-align:right}.plot .x{grid-column:2;display:flex;justify-content:space-between;gap:8px}
.plot .x,.plot .y{font-size:12px;color:var(--soft);font-variant-numeric:tabular-nums}
table{width:100%;border-collapse:collapse;font-size:13.5px}th{text-align:left;font-weight:600;color:var(--soft);font-size:12.5px}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}tbody tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.t{white-space:nowrap;font-variant-numeric:tabular-nums}
.text{color:var(--soft);font-size:12.5px}.stack{width:170px}.stack svg{height:14px;margin-top:4px}tr.person td:nth-child(2){font-weight:600;color:var(--accent)}
.empty{color:var(--soft);margin:0}footer{margin-top:20px;color:var(--soft);font-size:12.5px}
@media (max-width:640px){body{padding:16px 10px 32px}section{padding:14px}.funnel .row,.stages .row,.failures .row{grid-template-columns:minmax(0,1fr) auto}.row svg{grid-column:1/-1;grid-row:2}.note{display:none}
.stages .figure{text-align:right}table,tbody,tr,td{display:block}thead{display:none}tr{padding:8px 0;border-bottom:1px solid var(--line)}tbody tr:last-child{border:0}td,td.n{border:0;padding:1px 0;text-align:left;white-space:normal}.stack{width:100%}
.plot .x span:nth-child(2){display:none}}
`
