"""The report's Markdown, piece by piece, and the page made of it."""

from __future__ import annotations

import html
from collections.abc import Sequence

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.55 system-ui, sans-serif; color: #1b2330; max-width: 62rem; margin: 2.5rem auto 5rem;
  padding: 0 1.5rem; }
h1 { font-size: 1.8rem; margin: 0 0 .6rem; }
h2 { font-size: 1.35rem; margin: 3rem 0 .4rem; padding-top: 1.2rem; border-top: 2px solid #1b2330; }
h3 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
h4 { font-size: .95rem; margin: 1.3rem 0 .4rem; color: #4a5568; }
p { max-width: 46rem; margin: .5rem 0; }
table { display: block; overflow-x: auto; border-collapse: collapse; margin: .6rem 0;
  font-variant-numeric: tabular-nums; font-size: .92rem; }
th { font-weight: 600; color: #4a5568; border-bottom: 1.5px solid #8a96a8; vertical-align: bottom; }
td { border-bottom: 1px solid #e2e6ec; }
td, th { padding: .35rem .9rem; text-align: right; white-space: nowrap; }
td:first-child, th:first-child { text-align: left; padding-left: 0; }
img { max-width: 100%; display: block; margin: .6rem 0; background: #000; }
.warn { background: #fdecc4; border-left: 4px solid #d08b00; padding: .6rem 1rem; font-weight: 600; }
@media print { h2 { break-before: page; } img, table { break-inside: avoid; } }
"""


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of a table; its first column is to the left, the others to the right."""

    def cells(row: Sequence[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"

    return [cells(header), "| --- |" + " ---: |" * (len(header) - 1), *map(cells, rows), ""]


def p_value(p: float) -> str:
    """With four decimals, or that it is smaller.

    >>> p_value(0.00012), p_value(0.0312)
    ('p = 0.0001', 'p = 0.0312')
    """
    return "p < 0.0001" if p < 0.00005 else f"p = {p:.4f}"


def area(value: float, low: float, high: float) -> str:
    """An area under a curve with its interval, cut at 0 and 1.

    >>> area(0.95, 0.87, 1.03)
    '0.950 [0.870, 1.000]'
    """
    return f"{value:.3f} [{max(0.0, low):.3f}, {min(1.0, high):.3f}]"


def to_html(title: str, lines: Sequence[str]) -> str:
    """Markdown (headings, tables, pictures, paragraphs, those in bold as warnings) as a page; every word is escaped."""
    out: list[str] = []
    in_table = False
    for line in "\n".join(lines).splitlines():
        if line.startswith("|"):
            cells = [cell.strip().replace("\\|", "|") for cell in line.strip("|").split(" | ")]
            if all(set(cell.strip("| ")) <= set("-:") and "-" in cell for cell in cells):
                continue
            tag = "td" if in_table else "th"
            out += [] if in_table else ["<table>"]
            out.append("<tr>" + "".join(f"<{tag}>{html.escape(c.strip('*| '))}</{tag}>" for c in cells) + "</tr>")
            in_table = True
            continue
        if in_table:
            out.append("</table>")
            in_table = False
        if line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            out.append(f"<h{level}>{html.escape(line.lstrip('# '))}</h{level}>")
        elif line.startswith("!["):
            words, _, path = line[2:-1].partition("](")
            out.append(f'<img alt="{html.escape(words)}" src="{html.escape(path)}">')
        elif line:
            warn = ' class="warn"' if line.startswith("**") else ""
            out.append(f"<p{warn}>{html.escape(line.strip('*'))}</p>")
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
    return head + f"<style>{STYLE}</style>\n" + "\n".join([*out, "</table>" if in_table else ""]) + "</html>\n"
