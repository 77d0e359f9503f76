"""Writes `card.md`: what a model is, how good it is on whom, and what it is not for."""

from . import figures


def write(folder, title, opening, rows, *parts):
    """`rows` are lines of the table of figures; each of the parts a paragraph or a table."""
    table = "\n".join([*figures.HEAD, *rows])
    (folder / "card.md").write_text("\n\n".join([f"# {title}", opening, table, *parts]) + "\n")


def differing(rows):
    if not rows:
        return "**Training library.** On no row does it differ from ONNX Runtime by more than 0.00001."
    return f"**Training library.** It differs from ONNX Runtime on rows {rows}, which `model.toml` accepts."
