"""Templates to download and the guide's tables of columns, made from the file descriptions."""

from data.templates.guide import write_guide_tables
from data.templates.template_files import write_template

__all__ = ["write_guide_tables", "write_template"]
