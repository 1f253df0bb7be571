"""The pure core: domain types, search, schedule, checker and cost. No web, database or geography."""
