# SPDX-License-Identifier: Apache-2.0
"""A report: what there is little of."""

from wit_world import exports
from wit_world.imports import catalogue

LITTLE = 5


class Report(exports.Report):
    def write(self, takings: int) -> str:
        articles = [catalogue.find(number) for number in catalogue.all()]
        little = [f"{one.name} ({one.stock})" for one in articles if one and one.stock < LITTLE]
        return f"buy {', '.join(little)}" if little else "the shelves are full"
