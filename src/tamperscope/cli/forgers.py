"""``tamperscope forgers``: list the methods of forgery with their cards."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="All cards as JSON, for programs.")
def forgers(name: str | None, as_json: bool) -> None:
    """List the methods of forgery and the traces that they leave.

    With NAME, the card of that forger alone, with its parameters. Controls are no forgeries: they take the trip of a
    forgery without the edit.
    """
    import json
    from dataclasses import asdict, fields

    from tamperscope.forge.card import FAMILIES
    from tamperscope.forge.forger import plain
    from tamperscope.forge.registry import FORGERS, find_forger

    if as_json:
        kinds = [find_forger(name)] if name else list(FORGERS.values())
        cards = [
            {**asdict(kind.card), "parameters": {f.name: plain(f.default) for f in fields(kind)}} for kind in kinds
        ]
        click.echo(json.dumps(cards, indent=2))
        return
    if name:
        kind = find_forger(name)
        card = kind.card
        click.echo(f"{card.name} ({card.family})\n  does    {card.does}\n  trace   {card.trace}")
        if card.source:
            click.echo(f"  source  {card.source}")
        if card.needs_donor:
            click.echo("  needs   a donor: another mammogram to take pixels from")
        if card.needs_weights:
            click.echo(f"  needs   {card.needs_weights}")
        for field in fields(kind):
            click.echo(f"  {field.name} = {plain(field.default)}")
        return
    width = max(map(len, FORGERS))
    for family in FAMILIES:
        click.echo(f"{family}{' (no forgery)' if family == 'control' else ''}")
        for kind in FORGERS.values():
            if kind.card.family == family:
                click.echo(f"  {kind.card.name:{width}}  {kind.card.does}\n  {'':{width}}  trace: {kind.card.trace}")
