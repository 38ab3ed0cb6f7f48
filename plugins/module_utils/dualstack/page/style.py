# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The look that all pages share: light and dark as the reader's system is; states differ in form and colour."""

from __future__ import annotations

CSS = """
:root {
  color-scheme: light dark;
  --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
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
code, pre { font-family: var(--mono); }
.over { margin: 0; color: var(--soft); font-size: 0.95rem; }
dl.facts { display: flex; flex-wrap: wrap; gap: 0.2rem 2rem; margin: 0.9rem 0 0; font-size: 0.9rem; }
dl.facts div { display: flex; gap: 0.5rem; min-width: 0; }
dl.facts dt { color: var(--soft); } dl.facts dd { margin: 0; }
dl.facts code { overflow-wrap: anywhere; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }

figure { margin: 0; padding: 1rem; }
.scroll { overflow-x: auto; }
.fabric {
  display: block; height: auto; width: min(100%, 46rem);
  margin: 0 auto; font-size: 13px;
}
.fabric.wide { width: auto; }
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
figcaption .green::before { border-color: var(--green); }
figcaption .red::before { border-top: 4px dashed var(--red); }
figcaption .plain::before { display: none; }

footer { margin-top: 2rem; color: var(--soft); font-size: 0.85rem; }

@media (max-width: 46rem) { figure { padding: 0.8rem 0.4rem; } }
@media print { body { background: none; } }
"""
