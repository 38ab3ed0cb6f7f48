# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evidence page has beside the common look: the verdict, breaks, and the rows of VIPs with their chains."""

from __future__ import annotations

CSS = """
.verdict.green { color: var(--green); } .verdict.red { color: var(--red); }
.meter { height: 6px; border-radius: 3px; background: var(--red); overflow: hidden; max-width: 24rem; }
.meter i { display: block; height: 100%; background: var(--green); }

.breaks { margin-top: 1.6rem; padding: 0.9rem 1.2rem; border-color: var(--red); border-left-width: 5px; }
.breaks h2 { margin: 0 0 0.4rem; color: var(--red); }
.breaks ul { margin: 0; padding-left: 1.1rem; } .breaks li { margin: 0.35rem 0; overflow-wrap: anywhere; }

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
.vip { font: 0.92rem/1.5 var(--mono); overflow-wrap: anywhere; } .row.red .vip { color: var(--red); font-weight: 650; }
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
.chip.not-reached, .chip.not-asked { color: var(--soft); border-color: var(--line); border-style: dashed; }
.chip.not-reached::before { content: "·"; } .chip.not-asked::before { content: "-"; }

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

@media (max-width: 46rem) {
  .heads { display: none; }
  .row > summary { grid-template-columns: 1rem minmax(0, 1fr) auto; }
  .row > summary .service, .row > summary .chain { grid-column: 2 / -1; }
  .service small { display: inline; margin-left: 0.4rem; }
  ol.links { padding-left: 1rem; } ol.links li { grid-template-columns: minmax(0, 1fr); }
}
@media print { .row { break-inside: avoid; } fieldset { display: none; } }
"""
