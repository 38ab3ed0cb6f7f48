# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fabric document has beside the common look: contents, tables, and tables that are folded."""

from __future__ import annotations

CSS = """
main h3 { font-size: 0.98rem; margin: 1.6rem 0 0.5rem; }
main p { margin: 0.5rem 0; max-width: 52rem; }
main ul, header ul { margin: 0.5rem 0; padding-left: 1.2rem; max-width: 52rem; }
main li, header li { margin: 0.25rem 0; }
code { font-size: 0.88em; }
p code, li code { overflow-wrap: anywhere; }
a { color: inherit; text-decoration-color: var(--idle); text-underline-offset: 0.15em; }
a:hover { text-decoration-color: currentColor; }
:target > h2, :target > h3, :target > summary { background: var(--faint); }
nav { display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; margin-top: 1rem; font-size: 0.92rem; }
.table { margin: 0.7rem 0; }
.table table { border-collapse: collapse; width: 100%; font-size: 0.86rem; line-height: 1.45; }
.table th, .table td { padding: 0.4rem 0.7rem; text-align: left; vertical-align: top; }
.table th { color: var(--soft); font-weight: 600; }
.table tr + tr td, .table thead + tbody td { border-top: 1px solid var(--line); }
summary { cursor: pointer; padding: 0.5rem 0.9rem; font-size: 0.9rem; }
summary:focus-visible { outline: 2px solid var(--soft); outline-offset: -2px; }
summary h3 { display: inline; }
.folded { margin: 0.4rem 0; padding: 0 0.9rem; } .folded > summary { margin: 0 -0.9rem; }
.table[open] > summary, .folded[open] > summary { border-bottom: 1px solid var(--line); }
@media (max-width: 60rem) { .table table { min-width: 52rem; } }
@media print { nav { display: none; } .table tr { break-inside: avoid; } }
"""
