# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The look of the evidence page: light and dark as the reader's system is; states differ in form and colour."""

from __future__ import annotations

CSS = """
:root {
  color-scheme: light dark;
  --paper: #f7f7f5; --card: #ffffff; --ink: #1d2125; --soft: #5c6670; --line: #dfe2e4; --faint: #eef0f0;
  --green: #17784a; --green-wash: #e3f3ea; --red: #c0273a; --red-wash: #fbe7e8; --idle: #a3acb4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1c2024; --ink: #e6e9eb; --soft: #9aa5ae; --line: #31373d; --faint: #252a2f;
    --green: #57c98c; --green-wash: #17352a; --red: #ff7b86; --red-wash: #42202a; --idle: #68727b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem clamp(0.9rem, 4vw, 3rem) 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif;
}
main, header, footer { max-width: 70rem; margin: 0 auto; }
h1 { font-size: clamp(1.7rem, 5vw, 2.4rem); line-height: 1.15; margin: 0.15rem 0 0.5rem; letter-spacing: -0.015em; }
h2 { font-size: 1.05rem; margin: 2.2rem 0 0.7rem; }
code, pre, .vip { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.over { margin: 0; color: var(--soft); font-size: 0.95rem; }
.verdict.green { color: var(--green); } .verdict.red { color: var(--red); }
.meter { height: 6px; border-radius: 3px; background: var(--red); overflow: hidden; max-width: 24rem; }
.meter i { display: block; height: 100%; background: var(--green); }
dl.facts { display: flex; flex-wrap: wrap; gap: 0.2rem 2rem; margin: 0.9rem 0 0; font-size: 0.9rem; }
dl.facts div {
  display: flex; gap: 0.5rem;
  min-width: 0; } dl.facts dt { color: var(--soft); } dl.facts dd { margin: 0;
}
dl.facts code { overflow-wrap: anywhere; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.breaks { margin-top: 1.6rem; padding: 0.9rem 1.2rem; border-color: var(--red); border-left-width: 5px; }
.breaks h2 { margin: 0 0 0.4rem; color: var(--red); }
.breaks ul { margin: 0; padding-left: 1.1rem; } .breaks li { margin: 0.35rem 0; overflow-wrap: anywhere; }

figure { margin: 0; padding: 1rem; }
.scroll { overflow-x: auto; }
.fabric {
  display: block; height: auto; width: 100%;
  max-width: 46rem; margin: 0 auto; font-size: 13px;
}
.fabric.wide { width: auto; max-width: none; }
.fabric .box { fill: var(--card); stroke: var(--idle); stroke-width: 1.5; }
.fabric .green > .box { stroke: var(--green); } .fabric .red > .box { stroke: var(--red); stroke-width: 2.5; }
.fabric .router > .box { fill: var(--faint); }
.fabric .name { font-weight: 650; fill: var(--ink); } .fabric .about { fill: var(--soft); font-size: 10.5px; }
.fabric .foreign > .box { stroke-dasharray: 4 3; }
.fabric .client > .box { rx: 22px; }
.fabric .pip rect { fill: none; stroke: var(--idle); } .fabric .pip text { fill: var(--idle); }
.fabric .pip text { font-size: 10.5px; font-weight: 700; text-anchor: middle; }
.fabric .pip.green rect { fill: var(--green-wash); stroke: var(--green); }
.fabric .pip.green text { fill: var(--green); }
.fabric .pip.red rect { fill: var(--red); stroke: var(--red); } .fabric .pip.red text { fill: var(--card); }
.fabric .strand { stroke: var(--idle); stroke-width: 2; } .fabric .strand.idle { stroke-opacity: 0.6; }
.fabric .strand.green { stroke: var(--green); }
.fabric .strand.red { stroke: var(--red); stroke-width: 4; stroke-dasharray: 7 4; }
.fabric .rail line { stroke: var(--soft); stroke-width: 5; stroke-linecap: round; }
.fabric .rail text {
  fill: var(--soft); font-size: 11px; font-weight: 600;
  paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round;
}
figcaption {
  display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem;
  justify-content: center; color: var(--soft); font-size: 0.85rem;
}
figcaption span::before {
  content: ""; display: inline-block; width: 1.6rem;
  border-top: 2px solid var(--idle); margin-right: 0.5rem; vertical-align: middle;
}
figcaption .green::before {
  border-color: var(--green);
  } figcaption .red::before { border-top: 4px dashed var(--red);
}
figcaption .plain::before { display: none; }

fieldset { border: 0; padding: 0; margin: 0 0 0.6rem; display: flex; flex-wrap: wrap; gap: 0.4rem; }
fieldset input { position: absolute; opacity: 0; pointer-events: none; }
fieldset label {
  border: 1px solid var(--line); border-radius: 99px; padding: 0.15rem 0.8rem;
  font-size: 0.88rem; cursor: pointer; background: var(--card);
}
fieldset input:checked + label { background: var(--ink); color: var(--paper); border-color: var(--ink); }
fieldset input:focus-visible + label { outline: 2px solid var(--soft); outline-offset: 2px; }
main:has(#only-ipv4:checked) .row:not(.ipv4), main:has(#only-ipv6:checked) .row:not(.ipv6),
main:has(#only-red:checked) .row:not(.red) { display: none; }
main:has(#only-ipv4:checked) .fabric :is(.strand, .pip):not(.ipv4),
main:has(#only-ipv6:checked) .fabric :is(.strand, .pip):not(.ipv6) { opacity: 0.12; }

.rows { overflow: hidden; }
.row + .row { border-top: 1px solid var(--line); }
.row > summary, .heads {
  display: grid; align-items: center; gap: 0.15rem 1rem; padding: 0.6rem 1rem 0.6rem 0.9rem;
  grid-template-columns: 1rem minmax(11rem, 15rem) 3rem minmax(8rem, 11rem) 1fr;
}
.row > summary { cursor: pointer; list-style: none; } .row > summary::-webkit-details-marker { display: none; }
.row > summary:hover { background: var(--faint); }
.row > summary:focus-visible { outline: 2px solid var(--soft); outline-offset: -2px; }
.row > summary::before { content: "▸"; color: var(--soft); } .row[open] > summary::before { content: "▾"; }
.heads { color: var(--soft); font-size: 0.82rem; border-bottom: 1px solid var(--line); padding-block: 0.4rem; }
.heads span:first-child { grid-column: 2; }
.vip { font-size: 0.92rem; overflow-wrap: anywhere; } .row.red .vip { color: var(--red); font-weight: 650; }
.family { font-size: 0.85rem; color: var(--soft); }
.service { font-size: 0.92rem; overflow-wrap: anywhere; line-height: 1.3; }
.service small { display: block; color: var(--soft); }
.chain { display: flex; flex-wrap: wrap; gap: 0.25rem; justify-content: flex-start; }
.chip {
  border-radius: 99px; padding: 0.05rem 0.6rem;
  font-size: 0.8rem; white-space: nowrap; border: 1px solid transparent;
}
.chip::before { margin-right: 0.3rem; }
.chip.green { color: var(--green); background: var(--green-wash); } .chip.green::before { content: "✓"; }
.chip.red { color: var(--card); background: var(--red); font-weight: 650; } .chip.red::before { content: "✗"; }
.chip.not-reached { color: var(--soft); border-color: var(--line); border-style: dashed; }
.chip.not-reached::before { content: "·"; }

ol.links { list-style: none; margin: 0; padding: 0.2rem 1rem 1rem 2.9rem; display: grid; gap: 0.75rem; }
ol.links li { display: grid; grid-template-columns: 8rem minmax(0, 1fr); gap: 0.2rem 0.8rem; align-items: start; }
ol.links .chip { justify-self: start; }
ol.links p { margin: 0; color: var(--red); overflow-wrap: anywhere; }
ol.links li > p.quiet { grid-column: 1 / -1; }
ol.links p.quiet { color: var(--soft); font-size: 0.88rem; }
ol.links pre {
  margin: 0; font-size: 0.82rem; line-height: 1.55;
  white-space: pre-wrap; overflow-wrap: anywhere; color: var(--ink);
}
ol.links p + pre {
  margin-top: 0.4rem; padding-top: 0.4rem;
  border-top: 1px dashed var(--line); color: var(--soft);
}
footer { margin-top: 2rem; color: var(--soft); font-size: 0.85rem; }

@media (max-width: 46rem) {
  .heads { display: none; } figure { padding: 0.8rem 0.4rem; }
  .row > summary { grid-template-columns: 1rem minmax(0, 1fr) auto; }
  .row > summary .service, .row > summary .chain { grid-column: 2 / -1; }
  .service small { display: inline; margin-left: 0.4rem; }
  ol.links { padding-left: 1rem; } ol.links li { grid-template-columns: minmax(0, 1fr); }
}
@media print { .row { break-inside: avoid; } fieldset { display: none; } body { background: none; } }
"""
