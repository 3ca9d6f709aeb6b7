"""Statements of the hot path, compiled once and handed to the driver as they are.

They are the same SQLAlchemy statements as everywhere. A press is eleven statements; SQLite needs about 12 µs for each,
and SQLAlchemy's execution adds 60 to 100 µs apiece, nearly all of it the same work again (measured in
``docs/performance.md``). So here the compiling and the choice of type processors are kept, and only values go through:
bound by the same types, read by the same types.

A statement with a list of unknown length cannot be prepared: ``one_of`` gives it a list of a fixed length, and
``some`` hands the values through it in portions.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, bindparam

RAW = "linli.raw"
"""Where an engine leaves its ``Raw``, in ``Connection.info``."""

_DOUBLE = 701
"""PostgreSQL's number for what its ``Float`` columns hold. No other type of ours asks what the driver will bring."""

Processor = Callable[[Any], Any] | None


class Raw(Protocol):
    """The driver's own connection. Its errors are the driver's own; engines tell them apart."""

    def all(self, text: str, values: Sequence[Any]) -> Sequence[Any]:
        """Every row of a statement that returns rows."""
        ...

    def plan_by_values(self) -> None:
        """Let what follows in this transaction be planned for its values, each time anew."""
        ...

    def run(self, text: str, values: Sequence[Any]) -> int:
        """Execute a change; how many rows it reached."""
        ...

    def run_all(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a change once for each of ``rows``."""
        ...


AT_ONCE = 16
"""How many values a prepared list takes: as many rows as delivery has in flight."""


def one_of(column: ColumnElement[Any], name: str, *, most: int = AT_ONCE) -> ColumnElement[bool]:
    """``column IN (...)`` with a fixed number of parameters, to be given by ``some`` under the same name."""
    return column.in_([bindparam(f"{name}_{place}", type_=column.type) for place in range(most)])


def some(name: str, values: Collection[Any], *, most: int = AT_ONCE) -> Iterator[dict[str, Any]]:
    """Parameters for ``one_of``: all values in portions, the last filled up by repeating one of its own."""
    every = list(values)
    for start in range(0, len(every), most):
        portion = every[start : start + most]
        portion += portion[-1:] * (most - len(portion))
        yield {f"{name}_{place}": value for place, value in enumerate(portion)}


class _ForDriver:
    """One statement as the driver takes it: text, names and processors of its parameters, processors of its columns."""

    __slots__ = ("_columns", "_fixed", "_names", "_row", "text")

    def __init__(self, connection: Connection, statement: Any, keys: Iterable[str] | None) -> None:
        dialect = connection.dialect
        compiled = statement.compile(
            dialect=dialect,
            column_keys=None if keys is None else list(keys),
            compile_kwargs={"render_postcompile": True},
        )
        self.text: str = compiled.string
        binds = compiled.binds
        self._fixed = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
        self._names: list[tuple[str, Processor]] = [
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup
        ]
        described = getattr(statement, "column_descriptions", None) or getattr(
            statement, "returning_column_descriptions", []
        )
        types = [column["type"].dialect_impl(dialect) for column in described]
        processors = [found.result_processor(dialect, _DOUBLE) for found in types]
        self._columns: list[tuple[int, Callable[[Any], Any]]] = [
            (place, processor) for place, processor in enumerate(processors) if processor is not None
        ]
        # Through a name without a type: mypy wants a literal list of fields, and these are known at run time only.
        make_class: Any = namedtuple
        self._row = make_class("Row", [column["name"] for column in described], rename=True)

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order of the text, each as its type binds it."""
        fixed = self._fixed
        found = []
        for name, processor in self._names:
            value = parameters[name] if name in parameters else fixed[name]
            found.append(value if processor is None else processor(value))
        return found

    def row(self, raw: Sequence[Any]) -> Any:
        """A row with each value as its type reads it, and the columns' names as attributes."""
        if not self._columns:
            return self._row._make(raw)
        values = list(raw)
        for place, processor in self._columns:
            values[place] = processor(values[place])
        return self._row._make(values)


class Prepared:
    """A statement to be executed often. Errors are the driver's own.

    ``by_values``: the best way depends on the values (how wide is the range?), so that planning it anew each time costs
    less than the plan that fits all. For reads.
    """

    def __init__(self, statement: Any, *, by_values: bool = False) -> None:
        self.statement = statement
        self._by_values = by_values
        self._for_driver: dict[tuple[str, tuple[str, ...] | None], _ForDriver] = {}

    def all(self, connection: Connection, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Every row, values in order, columns as attributes."""
        form = self._form(connection, None)
        raw = _raw(connection)
        if self._by_values:
            raw.plan_by_values()
        return [form.row(row) for row in raw.all(form.text, form.values(parameters))]

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any | None:
        """The first row, or None."""
        rows = self.all(connection, parameters)
        return rows[0] if rows else None

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Execute a change. Returns how many rows it reached."""
        form = self._form(connection, None)
        return _raw(connection).run(form.text, form.values(parameters))

    def insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that all have the same keys."""
        form = self._form(connection, tuple(rows[0]))
        _raw(connection).run_all(form.text, [form.values(row) for row in rows])

    def run_all(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute a change once for each of these parameters."""
        form = self._form(connection, None)
        _raw(connection).run_all(form.text, [form.values(row) for row in rows])

    def _form(self, connection: Connection, keys: tuple[str, ...] | None) -> _ForDriver:
        # By database too: one process may use both, as tests do.
        known = (connection.dialect.name, keys)
        form = self._for_driver.get(known)
        if form is None:
            form = self._for_driver[known] = _ForDriver(connection, self.statement, keys)
        return form


def _raw(connection: Connection) -> Raw:
    raw: Raw = connection.info[RAW]
    return raw
