"""How the report looks: light and dark by the reader's system, and on paper."""

from __future__ import annotations

#: The colours are those of the panel, mixed with the ink: 4.5:1 on either page. Marks and words say the same again.
STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --page: #fff; --soft: #f5f6f8; --line: #dfe3e8; --muted: #59616b;
  --good: #1c7a41; --bad: #b3261e; --active: #2463a5; --doubt: #ffedb8; --alarm: #fdeceb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --page: #16181b; --soft: #1f2226; --line: #363b41;
  --muted: #a3abb5; --good: #62c98a; --bad: #ff8a80; --active: #7db4ee; --doubt: #4d3d0c;
  --alarm: #3a1d1b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 32px 24px 64px; max-width: 1180px; color: var(--ink); background: var(--page);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 36px 0 4px; }
p { margin: 0 0 6px; }
.muted { color: var(--muted); }
.alarm { margin: 14px 0; padding: 8px 12px; border-left: 4px solid var(--bad); background: var(--alarm); }
.bar { display: flex; gap: 2px; height: 10px; margin: 18px 0 8px; }
.bar span { min-width: 4px; border-radius: 2px; background: var(--line); }
.bar .completed { background: var(--good); } .bar .failed { background: var(--bad); }
.bar .running { background: var(--active); } .bar .cancelled { background: var(--muted); }
.counts { font-size: 16px; font-weight: 600; margin-bottom: 16px; }
.completed > b { color: var(--good); } .failed > b { color: var(--bad); } .running > b { color: var(--active); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 20px; margin: 0 0 20px; }
@media (min-width: 860px) { dl { grid-template-columns: repeat(2, max-content minmax(0, 1fr)); } }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
nav a { margin-right: 14px; } a { color: var(--active); }
.wide { overflow-x: auto; margin: 4px 0 0; }
table { border-collapse: collapse; width: max-content; min-width: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 5px 10px; border-bottom: 1px solid var(--line); }
th { font-weight: 600; white-space: nowrap; }
td { max-width: 380px; overflow-wrap: anywhere; }
td:first-child, th:first-child { padding-left: 0; }
.number { text-align: right; } td.number, td.time, td.status { white-space: nowrap; }
code { font: 0.95em ui-monospace, Consolas, monospace; background: var(--soft); padding: 0 3px; border-radius: 3px; }
summary { cursor: pointer; color: var(--active); padding: 4px 0; }
td.doubt { background: var(--doubt); }
td.doubt small { display: block; color: var(--ink); font-size: 12px; }
footer { margin-top: 40px; color: var(--muted); font-size: 12px; }
@media print {
  :root { color-scheme: light;
    --ink: #000; --page: #fff; --line: #bbb; --muted: #444; --good: #1c7a41; --bad: #b3261e;
    --active: #2463a5; --doubt: #ffedb8; --alarm: #fdeceb; }
  @page { size: landscape; margin: 14mm; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  details::details-content { content-visibility: visible; height: auto; } summary { color: var(--muted); }
  nav { display: none; } .wide { overflow: visible; }
  table { font-size: 8.5pt; width: 100%; min-width: 0; }
  thead { display: table-header-group; } tr { break-inside: avoid; } h2, section > p { break-after: avoid; }
  th, td { padding: 3px 6px; } th { white-space: normal; overflow-wrap: anywhere; }
  .bar span, td.doubt, .alarm { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
