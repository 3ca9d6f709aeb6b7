"""The command line. Knows how a person asks; what is done is in the modules it calls, imported when they are needed.

Every mistake of the operator ends in one clear sentence with the mend and a non-zero exit, never in a traceback.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from bot.control import CommandError
from bot.settings import Settings, SettingsError, load
from storage.engine import DatabaseAwayError
from storage.lockfile import DatabaseInUseError, WriterLock

if TYPE_CHECKING:
    from storage.unit import Store

T = TypeVar("T")

MOST_ID = 2**63
LONGEST_NAME = 64

app = typer.Typer(
    name="linli",
    help="Linli 邻里: the chat-bot between a community's Party organisation and its residents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
importing = typer.Typer(
    no_args_is_help=True, help="Import from a file: checked first, then all of it or nothing."
)
app.add_typer(importing, name="import")
exporting = typer.Typer(no_args_is_help=True, help="Export into a file that can be imported again.")
app.add_typer(exporting, name="export")
clockwork = typer.Typer(help="Tell how the clock's jobs fare, or run one by hand.")
app.add_typer(clockwork, name="jobs")
ledger = typer.Typer(no_args_is_help=True, help="Prove the ledger of points, or let posting go on.")
app.add_typer(ledger, name="points")

Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="The settings' file; ./config.toml when not given.")
]


def _end(text: str, code: int = 1) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)


def _settings(config: Path | None) -> Settings:
    try:
        return load(config, environment=os.environ)
    except SettingsError as error:
        _end(f"Linli cannot start with these settings:\n{error}", 2)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what an operator can mend becomes a sentence."""
    from bot.app import StartError
    from bot.web import ListenError
    from storage.backup.archive import BackupError
    from storage.database import MigrationError

    try:
        return asyncio.run(work)
    except SettingsError as error:  # what the settings name is read when it is needed: a file of days
        _end(f"Linli cannot start with these settings:\n{error}", 2)
    except DatabaseInUseError as error:
        _end(f"{error}. Stop that one first; two processes must never write one SQLite file.", 3)
    except (StartError, MigrationError, ListenError, CommandError, BackupError) as error:
        _end(str(error))
    except DatabaseAwayError as error:
        _end(
            f"The database cannot be used: {error}. Look at database.url, the disk and the server, then try again.",
            4,
        )
    except OSError as error:
        if error.filename is None:
            raise
        _end(f"{error.filename} cannot be used: {error.strerror}. Give it the right place, owner or mode.")
    except UnicodeEncodeError:
        _end("an argument is not text in this terminal's encoding; write it in UTF-8", 2)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


@app.command()
def run(config: Config = None) -> None:
    """Start the bot; without a token, on the sandbox of this machine."""
    settings = _settings(config)
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    # Loading makes a hundred thousand objects that stay: looking through them for cycles again and again takes a sixth
    # of the start. The program turns it on when it is ready.
    gc.disable()
    from bot import logs
    from bot.program import run_program

    logs.configure(settings.log, secrets=settings.secrets())
    _run(run_program(settings))


@app.command()
def check(config: Config = None) -> None:
    """Tell whether everything Linli needs is there."""
    settings = _settings(config)
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    from bot.check import exit_code, render
    from bot.probes import look

    findings = _run(look(settings, config=config, environment=os.environ))
    typer.echo(render(findings))
    raise typer.Exit(exit_code(findings))


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database to this program's revision (``run`` does it by itself)."""
    settings = _settings(config)
    from storage.database import Location
    from storage.database import migrate as bring

    async def work() -> None:
        location = Location.of(settings.database.url.get_secret_value())
        if location.path is not None:
            location.path.parent.mkdir(parents=True, exist_ok=True)
            with WriterLock(location.path):
                before, after = await bring(location)
        else:
            before, after = await bring(location)
        typer.echo(
            f"at revision {after}" if before == after else f"brought from {before or 'nothing'} to {after}"
        )

    _run(work())


@app.command("demo-data")
def demo_data(config: Config = None) -> None:
    """Fill an empty database with a made-up community."""
    settings = _settings(config)

    async def work(store: Store) -> bool:
        from bot.demo import fill

        return await fill(store, now=datetime.now(UTC))

    if _run(_with_store(settings, work)):
        typer.echo("filled with a made-up community")
    else:
        _end("there are units already: demo data go into an empty database only")


@app.command()
def grant(
    role: Annotated[str, typer.Argument(help="admin, secretary, leader or member")],
    telegram_id: Annotated[
        int, typer.Argument(help="the person's Telegram id (they see it at /privacy or @userinfobot)")
    ],
    unit: Annotated[str, typer.Argument(help="the unit's code, as imported")],
    name: Annotated[str, typer.Option(help="what they are called, until they say better")] = "",
    since: Annotated[
        str, typer.Option("--from", help="the first day, such as 2027-01-05; today if not given")
    ] = "",
    until: Annotated[str, typer.Option("--until", help="the last day; for good if not given")] = "",
    config: Config = None,
) -> None:
    """Make somebody admin, secretary, leader or member of a unit."""
    settings = _settings(config)
    _check_role(role, telegram_id)
    days = {option: _day(option, day) for option, day in (("--from", since), ("--until", until)) if day}
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        _end(f"a name is at most {LONGEST_NAME} characters that can be printed", 2)
    arguments = {
        "role": role,
        "telegram_id": telegram_id,
        "unit": unit,
        "name": name,
        "from": days.get("--from"),
        "until": days.get("--until"),
    }
    answer = _run(_command(settings, "grant", arguments))
    is_now = "was already" if answer["already"] else "will be" if answer["coming"] else "is now"
    term = "".join(f" {option.removeprefix('--')} {day}" for option, day in days.items())
    typer.echo(f"{telegram_id} {is_now} {role} of {unit}{term}")


@app.command()
def revoke(
    role: Annotated[str, typer.Argument(help="admin, secretary, leader or member")],
    telegram_id: Annotated[int, typer.Argument(help="the person's Telegram id")],
    unit: Annotated[str, typer.Argument(help="the unit's code, as imported")],
    config: Config = None,
) -> None:
    """End what somebody is at a unit, from now on."""
    settings = _settings(config)
    _check_role(role, telegram_id)
    _run(_command(settings, "revoke", {"role": role, "telegram_id": telegram_id, "unit": unit}))
    typer.echo(f"{telegram_id} is no longer {role} of {unit}")


def _check_role(role: str, telegram_id: int) -> None:
    roles = ("admin", "secretary", "leader", "member")
    if role not in roles:
        _end(f"{role!r} is none of {', '.join(roles)}", 2)
    if not 0 < telegram_id < MOST_ID:
        _end("a Telegram id is a positive number; ids of groups are negative and cannot hold a role", 2)


def _day(option: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        _end(f"{option} {text!r} is no day; write it as 2027-01-05", 2)


TelegramId = Annotated[int, typer.Argument(help="the account's Telegram id, a positive number")]


@app.command()
def block(telegram_id: TelegramId, config: Config = None) -> None:
    """Hear an account no more: nothing it sends is worked on, nothing is sent to it."""
    _change_block("block", telegram_id, config)


@app.command()
def unblock(telegram_id: TelegramId, config: Config = None) -> None:
    """Hear a blocked account again."""
    _change_block("unblock", telegram_id, config)


def _change_block(command: str, telegram_id: int, config: Path | None) -> None:
    settings = _settings(config)
    if not 0 < telegram_id < MOST_ID:
        _end("a Telegram id is a positive number; ids of groups are negative and cannot be blocked", 2)
    answer = _run(_command(settings, command, {"telegram_id": telegram_id}))
    state = "blocked" if command == "block" else "not blocked"
    typer.echo(f"{telegram_id} {'was already' if answer['already'] else 'is now'} {state}")


@app.command()
def audit(
    person: Annotated[
        int | None, typer.Option(min=1, max=MOST_ID - 1, help="what this person did, or was done to them")
    ] = None,
    request: Annotated[int | None, typer.Option(min=1, max=MOST_ID - 1, help="about this request")] = None,
    event: Annotated[
        str, typer.Option(help="this event; with a point at the end all that begin so (task.)")
    ] = "",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="from this day on")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="up to and with it")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="how many lines at most")] = 50,
    check: Annotated[
        bool,
        typer.Option("--check", help="hold the whole trail against its seals instead; 1 when it differs"),
    ] = False,
    config: Config = None,
) -> None:
    """Tell what was done, newest first, in ids and keys; or check that nobody has changed it since."""
    settings = _settings(config)
    from bot.trail import checked, listed
    from domain.trail import TrailFilter

    if check:
        lines, sound = _run(_with_store(settings, checked, writing=False))
        typer.echo("\n".join(lines))
        raise typer.Exit(0 if sound else 1)
    wanted = TrailFilter(
        person_id=person,
        request_id=request,
        event=event,
        since=since.date() if since else None,
        until=until.date() if until else None,
    )
    lines = _run(_with_store(settings, lambda store: listed(store, wanted, most=limit), writing=False))
    typer.echo("\n".join(lines) or "nothing of the kind was done")


SheetFile = Annotated[Path, typer.Argument(help="an XLSX or CSV file; linli template writes an empty one")]
MadeFile = Annotated[Path, typer.Argument(help="the .xlsx or .csv file to write")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check only; bring nothing in.")]


@importing.command("units")
def import_units(file: SheetFile, dry_run: DryRun = False, config: Config = None) -> None:
    """Import the tree of units: street, community, grid, building, branch."""
    _import("units", file, dry_run, config)


@importing.command("people")
def import_people(file: SheetFile, dry_run: DryRun = False, config: Config = None) -> None:
    """Import people with their homes, roles and skills."""
    _import("people", file, dry_run, config)


def _import(kind: str, file: Path, dry_run: bool, config: Path | None) -> None:
    settings = _settings(config)
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        _end(f"{file} cannot be read: {error.strerror or error}")
    arguments = {"kind": kind, "path": str(file.resolve()), "dry_run": dry_run}
    answer = _run(_command(settings, "import", arguments))
    if answer["unknown"]:
        typer.echo(f"columns that are not known were not read: {', '.join(answer['unknown'])}", err=True)
    if count := answer["problems"]:
        listed = answer["listed"]
        more = f"\n… and {count - len(listed)} more" if count > len(listed) else ""
        mistakes = "1 mistake" if count == 1 else f"{count} mistakes"
        _end("\n".join(listed) + f"{more}\n{mistakes}; nothing was imported")
    if dry_run:
        typer.echo(
            f"{answer['rows']} rows are in order: {answer['added']} new, {answer['changed']} changed; "
            "nothing was imported yet"
        )
    else:
        typer.echo(f"{answer['added']} {kind} added, {answer['changed']} changed, of {answer['rows']} rows")


@exporting.command("units")
def export_units(file: MadeFile, config: Config = None) -> None:
    """Write all units into a sheet that can be imported again."""
    _export("units", file, config)


@exporting.command("people")
def export_people(file: MadeFile, config: Config = None) -> None:
    """Write all people into a sheet that can be imported again. It holds personal data: only its owner can read it."""
    _export("people", file, config)


def _export(kind: str, file: Path, config: Path | None) -> None:
    settings = _settings(config)
    _sheet_name(file)
    answer = _run(_command(settings, "export", {"kind": kind, "path": str(file.resolve())}))
    typer.echo(f"{answer['rows']} rows of {kind} written to {file}")


@app.command()
def template(
    kind: Annotated[str, typer.Argument(help="units or people")],
    file: MadeFile,
    english: Annotated[bool, typer.Option("--english", help="With English headings.")] = False,
) -> None:
    """Write an empty sheet with the columns of an import."""
    from bot.commands import write_own_file
    from bot.templates import template_of

    if kind not in ("units", "people"):
        _end(f"{kind!r} is none of units, people", 2)
    _sheet_name(file)
    try:
        write_own_file(file, template_of(kind, english=english, as_csv=file.suffix.lower() == ".csv"))
    except OSError as error:
        _end(f"{file} cannot be written: {error.strerror or error}")
    typer.echo(f"an empty sheet of {kind} is in {file}")


def _sheet_name(file: Path) -> None:
    if file.suffix.lower() not in (".xlsx", ".csv"):
        _end(f"{file} is to be a sheet: give it a name that ends in .xlsx or .csv", 2)


@app.command()
def backup(
    to: Annotated[
        Path | None, typer.Option("--to", help="the folder to write it into; backup.directory when not given")
    ] = None,
    config: Config = None,
) -> None:
    """Make a backup now, whether or not the bot runs: copied, restored for a check, encrypted if a key is set."""
    settings = _settings(config)
    from bot.backup import back_up

    made = _run(back_up(settings, to, tell=lambda words: typer.echo(words, err=True)))
    manifest = made.manifest
    typer.echo(
        f"{made.path}: {manifest.payload_bytes:,} bytes, {sum(manifest.rows.values()):,} rows, "
        f"revision {manifest.revision}; {manifest.checked}"
    )


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="a backup, linli-….tar")],
    identity: Annotated[
        Path | None, typer.Option("--identity", help="the file with the private key, as age-keygen wrote it")
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="put it in the place of the database that is there, which is kept aside"
        ),
    ] = False,
    config: Config = None,
) -> None:
    """Bring a backup back. The bot must be stopped; until all is checked, the database that is there is not touched."""
    settings = _settings(config)
    from bot.backup import restore as bring_back

    back = _run(
        bring_back(
            settings, file, key_file=identity, force=force, tell=lambda words: typer.echo(words, err=True)
        )
    )
    for person_id, reason in back.not_forgotten:
        typer.echo(
            f"person {person_id} was forgotten since, and cannot be yet ({reason}): end what they hold in the chat, "
            f"then linli erasures --again {person_id}",
            err=True,
        )
    typer.echo(
        f"restored from {back.created:%Y-%m-%d %H:%M:%S} UTC in {back.seconds:.1f} s: {back.rows:,} rows, all checked; "
        f"{back.forgotten} forgotten again"
        + (f"; what was there before is kept as {back.aside}" if back.aside else "")
    )


@app.command()
def erasures(
    again: Annotated[
        list[int] | None,
        typer.Option(min=1, max=MOST_ID - 1, help="forget this person again; may be given several times"),
    ] = None,
    config: Config = None,
) -> None:
    """Tell who was forgotten and when, by number: after an older copy was brought back, do it again with --again."""
    settings = _settings(config)
    if again:
        answer = _run(_command(settings, "forget", {"ids": again}))
        typer.echo(f"{answer['count']} of {len(again)} are being forgotten; a job empties their words")

    async def work(store: Store) -> list[tuple[int, datetime]]:
        return await store.erasures()

    found = _run(_with_store(settings, work, writing=False))
    for person_id, at in found:
        typer.echo(f"{person_id}\t{at:%Y-%m-%d %H:%M:%S} UTC")
    if not found:
        typer.echo("nobody was forgotten")


@app.command()
def outbox(
    resend: Annotated[
        list[int] | None,
        typer.Option(min=0, max=MOST_ID - 1, help="send this message again; may be given several times"),
    ] = None,
    drop: Annotated[
        list[int] | None, typer.Option(min=0, max=MOST_ID - 1, help="let go of this message")
    ] = None,
    retry: Annotated[
        list[int] | None, typer.Option(min=0, max=MOST_ID - 1, help="try this quarantined update again")
    ] = None,
    config: Config = None,
) -> None:
    """Tell what is stuck on its way in or out, and decide about it."""
    settings = _settings(config)
    for name, ids in (("resend", resend), ("drop", drop), ("retry", retry)):
        if ids:
            answer = _run(_command(settings, name, {"ids": ids}))
            typer.echo(f"{name}: {answer['count']} of {len(ids)}")

    async def work(store: Store) -> tuple[Any, Any]:
        return await store.depths(), await store.stuck()

    ((waiting, since), lanes), (quarantined, stuck) = _run(_with_store(settings, work, writing=False))
    typer.echo(f"inbox: {waiting} waiting" + (f" since {since:%Y-%m-%d %H:%M:%S} UTC" if since else ""))
    for lane, (count, oldest) in sorted(lanes.items()):
        typer.echo(f"outbox, {lane.name.lower()}: {count} waiting since {oldest:%Y-%m-%d %H:%M:%S} UTC")
    for row in quarantined:
        typer.echo(f"update {row['update_id']} quarantined after {row['attempts']} tries: {row['error']}")
    for row in stuck:
        typer.echo(f"message {row['id']} ({row['kind']}) {row['state']}: {row['error']}")
    if not quarantined and not stuck:
        typer.echo("nothing is stuck")


@clockwork.callback(invoke_without_command=True)
def jobs(context: typer.Context, config: Config = None) -> None:
    """Tell how each job of the clock fares: last, next, late, failing."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings(config)
    from bot.job_lines import job_lines

    async def work(store: Store) -> list[str]:
        return await job_lines(store, now=datetime.now(UTC))

    lines = _run(_with_store(settings, work, writing=False))
    typer.echo("\n".join(lines) or "the clock has not run on this database yet: start the bot once")


@clockwork.command("run")
def run_job(
    name: Annotated[str, typer.Argument(help="the job's name, as linli jobs tells it")], config: Config = None
) -> None:
    """Run one job now. What is done already is not done twice."""
    settings = _settings(config)
    answer = _run(_command(settings, "run-job", {"name": name}))
    if answer["failed"]:
        _end(f"{name} failed: {answer['failed']}; the log says more. It is tried again by itself")
    typer.echo(f"{name} has run: {answer['count']} done")


@ledger.command("check")
def points_check(config: Config = None) -> None:
    """Tell where the ledger of points does not add up, and whether posting has been stopped for it."""
    settings = _settings(config)
    from domain.backup import Trouble

    async def work(store: Store) -> tuple[list[str], bool]:
        return await store.ledger_differences(), await store.is_known(Trouble.LEDGER)

    found, stopped = _run(_with_store(settings, work, writing=False))
    lines = [*found, "posting is stopped; let it go on with linli points go-on"] if stopped else found
    if found:
        _end("\n".join(lines))
    typer.echo("\n".join(["the ledger adds up", *lines]))


@ledger.command("go-on")
def points_go_on(config: Config = None) -> None:
    """Let posting go on after the ledger has been looked into."""
    settings = _settings(config)
    answer = _run(_command(settings, "points-go-on", {}))
    typer.echo("posting goes on" if answer["was_stopped"] else "posting was not stopped")


@app.command()
def poster(
    unit: Annotated[str, typer.Argument(help="the unit's code: one page for each building at and below it")],
    file: Annotated[Path, typer.Argument(help="the PDF to write")],
    bot: Annotated[
        str, typer.Option(help="the bot's user name, when no bot runs on this database to be asked")
    ] = "",
    config: Config = None,
) -> None:
    """Print the way in: an A4 page with a QR code for each building."""
    settings = _settings(config)
    from bot.printing import print_posters

    async def work(store: Store) -> int:
        return await print_posters(store, settings, unit=unit, file=file, bot_username=bot)

    pages = _run(_with_store(settings, work, writing=False))
    typer.echo(f"{file}: {pages} {'page' if pages == 1 else 'pages'}")


async def _with_store(
    settings: Settings, work: Callable[[Store], Awaitable[T]], *, writing: bool = True
) -> T:
    """Run over a store of this process's own. Raises DatabaseInUseError when it would write beside the bot."""
    from bot.rules import rulebook
    from storage.database import REVISION, Location, migrate, open_engine, revision_of
    from storage.unit import Store

    location = Location.of(settings.database.url.get_secret_value())
    lock = WriterLock(location.path) if location.path is not None and writing else None
    if lock is not None:
        lock.acquire()
    try:
        if writing:
            await migrate(location)
        elif (revision := await revision_of(location)) is None:
            raise CommandError("there is no database yet: start the bot once, or run linli migrate")
        elif revision != REVISION:
            raise CommandError(
                f"the database is at revision {revision}, this program works with {REVISION}: run linli migrate, "
                "or the Linli that wrote it"
            )
        store = Store(open_engine(location), rules=rulebook(settings))
        try:
            return await work(store)
        finally:
            await store.close()
    finally:
        if lock is not None:
            lock.release()


async def _command(settings: Settings, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Carry a command out here, or ask the bot that runs on this database."""
    from bot.app import is_dead, sheet_limits, upkeep, utc_now
    from bot.collector import look_rarely
    from bot.commands import Commands
    from bot.control import ask, socket_path
    from bot.importer import Importer
    from jobs.clock import JOBS, as_set
    from jobs.ticker import Ticker
    from storage.database import Location
    from views.catalogue import Texts

    def progress(words: str) -> None:
        typer.echo(words, err=True)

    async def tell(words: str) -> None:
        progress(words)

    async def work(store: Store) -> dict[str, Any]:
        importer = Importer(
            store,
            now=utc_now,
            limits=sheet_limits(settings),
            rules=store.rules,
            texts=Texts.load(),
            is_dead=is_dead,
        )
        ticker = Ticker(store, now=utc_now, jobs=as_set((*JOBS, *upkeep(settings)), settings.clock))
        commands = Commands(store, now=utc_now, importer=importer, ticker=ticker)
        look_rarely()
        return await commands.answer(name, arguments, tell)

    try:
        return await _with_store(settings, work)
    except DatabaseInUseError:
        location = Location.of(settings.database.url.get_secret_value())
        if location.path is None:
            raise
        return await ask(socket_path(location.path), name, arguments, tell=progress)


def main() -> None:
    """The console script."""
    # Database, socket, lock, exports: whatever is made from here on is for the bot's own user only.
    os.umask(0o077)
    # A pipe that is closed early (``linli outbox | head``) is no error of ours.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    app()


if __name__ == "__main__":
    main()
