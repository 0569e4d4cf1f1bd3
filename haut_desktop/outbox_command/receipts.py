"""``receipts``: hashes, proofs and times of every picture, as a table or as files."""

import argparse
import json
import sys

from haut_desktop.domain.clock import system_clock
from haut_desktop.outbox_command.output import WELL, say, write_json
from haut_desktop.outbox_command.record import deliveries
from haut_desktop.services.reports import Reports
from haut_desktop.store.station import Station
from haut_desktop.viewmodels.words import count


async def give_receipts(chosen: argparse.Namespace, station: Station) -> int:
    """Print every visit's receipts, or write them as files."""
    reports = Reports(
        studies=station.studies,
        subjects=station.subjects,
        visits=station.visits,
        outbox=station.outbox,
        results=station.results,
        audit=station.audit,
        clock=system_clock,
    )
    made = [await reports.visit_report(one.visit.id) for one in await deliveries(station)]
    if chosen.out is not None:
        from haut_desktop.desktop.receipts import write_receipts

        write_receipts(chosen.out, made)
    if chosen.json:
        write_json([json.loads(report.receipts_to_json()) for report in made])
    elif chosen.out is None:
        for number, report in enumerate(made):
            text = report.receipts_to_csv()
            # one table: its head stands above the first visit only
            sys.stdout.write(text if number == 0 else text.partition("\r\n")[2])
    else:
        say(f"{count(len(made), 'receipt')} (PDF and CSV) written to {chosen.out}")
    return WELL
