"""Files to start from and JSON Schemas: what is asked, what is written, and that the readers agree with both."""

import itertools
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import EDITION, Ran, examples
from hypothesis import given
from hypothesis import strategies as st
from test_json_schema import as_editors_see, errors, models

import cloudplan as cp
from cloudplan.base import yamlfile
from cloudplan.presentation.field_notes import NOTES
from cloudplan.presentation.starter import NOT_ANSWERED, Answers, Starter
from cloudplan.presentation.terms_template import terms_starter
from cloudplan.presentation.workload_template import workload_starter

Run = Callable[..., Ran]

NEWEST = cp.load_edition()
WORKLOADS, TERMS = workload_starter(NEWEST), terms_starter()
ANSWERED: Mapping[str, Any] = {
    "name": 'Renouvellement: l\'été "2027" # é',
    "customer": "Société Générale d'Études: {x}",
    "lang": "fr",
    "sites": "az07, az05",
    "vms": ["web=4x2x8x60", "db: prod=2X8x64.5x500"],
    "recovery": "1h/4h",
    "backup": "30 8 12 5",
    "vcpu-per-core": "3.5",
    "host-failures": "2",
    "term": "36",
}
"""An answer to every question about a workload that is asked."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(starter: Starter, text: str) -> cp.Workload | cp.Terms:
    """Return a file as its reader reads it."""
    tree = yamlfile.parse(text, "file").tree
    return cp.read_terms(tree) if starter is TERMS else cp.read_workload(tree, NEWEST)


def options(answers: Answers) -> list[str]:
    """Return answers as options of the command line."""
    listed = [(name, value) for name, each in answers.items() for value in ([each] if isinstance(each, str) else each)]
    return [word for name, value in listed for word in (f"--{name}", value)]


# --- what is written -------------------------------------------------------------------------------------------------


def test_without_answers_there_is_a_workload_that_is_sized(run: Run) -> None:
    assert run("init", "-o", "w.yaml") == Ran(0, "", "Written: w.yaml\n")
    assert cp.read_workload("w.yaml", NEWEST).catalog == NEWEST.edition
    ran = run("size", "w.yaml", "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    assert "catalog-not-pinned" not in ran.out
    assert run("init", "workload").out == Path("w.yaml").read_text(encoding="utf-8")


def test_every_answer_is_in_the_workload(run: Run) -> None:
    assert run("init", "-o", "w.yaml", *options(ANSWERED)) == Ran(0, "", "Écrit\N{NO-BREAK SPACE}: w.yaml\n")
    made = cp.read_workload("w.yaml", NEWEST)
    assert made.name == ANSWERED["name"]
    assert made.customer and made.customer.organization == ANSWERED["customer"]
    assert (made.customer.lang, made.term_months) == ("fr", 36)
    assert (made.sites.primary, made.sites.standby) == ("az07", "az05")
    kept = made.policy.backup
    assert (kept.daily, kept.weekly, kept.monthly, kept.yearly) == (30, 8, 12, 5)
    assert (str(made.policy.vcpu_per_core), made.policy.host_failures) == ("3.5", 2)
    sizes = [(vms.name, vms.count, vms.vcpus, str(vms.memory_gib), str(vms.disks[0].size_gib)) for vms in made.vms]
    assert sizes == [("web", 4, 2, "8", "60"), ("db: prod", 2, 8, "64.5", "500")]
    assert [vms.protection and (vms.protection.rpo, vms.protection.rto) for vms in made.vms] == [("1h", "4h")] * 2
    assert NOT_ANSWERED not in Path("w.yaml").read_text(encoding="utf-8").split("# Region")[0].split("schema:")[1]
    assert run("size", "w.yaml").status == 0


def test_what_nobody_knew_is_said_above_it() -> None:
    def unanswered(text: str) -> set[str]:
        lines = text.splitlines()
        below = [lines[at + 1] for at, line in enumerate(lines) if line.strip() == f"# {NOT_ANSWERED}"]
        return {field[1] for line in below if (field := re.match(r" *(?:- |#)?(\w+):", line))}

    nothing = {
        "name",
        "organization",
        "lang",
        "region",
        "primary",
        "standby",
        "count",
        "vcpus",
        "memory_gib",
        "size_gib",
    }
    nothing |= {"daily", "weekly", "monthly", "yearly", "vcpu_per_core", "host_failures", "term_months"}
    assert unanswered(WORKLOADS.text({})) == nothing
    assert unanswered(WORKLOADS.text({"name": "x", "term": "12"})) == nothing - {"name", "term_months"}
    assert unanswered(WORKLOADS.text(ANSWERED)) == {"region"}
    assert unanswered(TERMS.text({"discount": "0.1"})) == {
        "number", "name", "issued", "valid_until", "vat_rate", "payment",
    }  # fmt: skip


def test_protection_that_was_not_asked_for_is_told_of() -> None:
    assert re.search(rf"with sites.standby; .*\n +# {NOT_ANSWERED}\n +# Names of `lic", WORKLOADS.text({}))
    assert "#protection: {rpo: 1h, rto: 4h}" in WORKLOADS.text({"sites": "az05 az06"})


def test_targets_bring_the_next_zone_as_standby_site() -> None:
    made = read(WORKLOADS, WORKLOADS.text({"recovery": "/4h"}))
    assert isinstance(made, cp.Workload)
    assert (made.sites.primary, made.sites.standby) == NEWEST.zones(made.region)[:2]
    assert made.vms[0].protection and made.vms[0].protection.rpo is None


def test_no_backup_leaves_the_disks_out_of_it() -> None:
    made = read(WORKLOADS, WORKLOADS.text({"backup": "none", "vms": ["a=1x1x1x1", "b=1x1x1x1"]}))
    assert isinstance(made, cp.Workload)
    assert [disk.backup for vms in made.vms for disk in vms.disks] == [False, False]


def test_the_edition_may_be_another_one(run: Run) -> None:
    ran = run("init", "--catalog", EDITION)
    assert f"catalog: '{EDITION}'" in ran.out
    assert cp.read_workload(yaml.safe_load(ran.out), cp.load_edition(EDITION)).catalog == EDITION


def test_terms_are_those_of_the_answers_and_the_quote_takes_them(run: Run) -> None:
    answers = {
        "number": "Q: 7 # é",
        "issuer": "Hébergeur «Exemple»",
        "customer": 'O\'Neill "Ltd"',
        "issued": "2026-11-26",
        "valid-until": "2026-12-31",
        "discount": "0.03",
        "vat-rate": "0.055",
        "payment": "30 jours: fin de mois",
    }
    assert run("init", "terms", "-o", "t.yaml", *options(answers)) == Ran(0, "", "Written: t.yaml\n")
    made = cp.read_terms("t.yaml")
    assert made.customer
    found = [made.number, made.issuer.name, made.customer.name, str(made.issued), str(made.valid_until)]
    found += [str(made.discount), str(made.vat_rate), made.payment]
    assert found == list(answers.values())
    assert run("init", "-o", "w.yaml").status == 0
    assert run("size", "w.yaml", "--format", "json", "--output", "plan.json").status == 0
    assert run("quote", "plan.json", "--terms", "t.yaml", "-o", "q.xlsx").status == 0


def test_terms_without_answers_have_no_dates_and_the_customer_of_the_workload(run: Run) -> None:
    assert run("init", "terms", "-o", "t.yaml") == Ran(0, "", "Written: t.yaml\n")
    made = cp.read_terms("t.yaml")
    assert made == cp.Terms()


@pytest.mark.parametrize("kind", ["p.yaml", "p.xlsx", None])
def test_a_price_book_is_the_template_of_prices(kind: str | None, run: Run) -> None:
    where = ["-o", kind] if kind else []
    ran = run("init", "prices", "--catalog", EDITION, *where)
    made = Path(kind).read_bytes() if kind else ran.out.encode()
    there = ["-o", f"other-{kind}"] if kind else []
    other = run("prices", "template", "--catalog", EDITION, *there)
    assert made == (Path(f"other-{kind}").read_bytes() if kind else other.out.encode())
    assert (ran.status, ran.err) == (0, f"Written: {kind}\n" if kind else "")


@pytest.mark.parametrize("edition", cp.editions())
def test_a_workload_of_every_edition_is_read(edition: str) -> None:
    sold = cp.load_edition(edition)
    text = workload_starter(sold).text({"recovery": "1h/4h"})
    assert cp.read_workload(yaml.safe_load(text), sold).catalog == edition


def uncommented(text: str) -> Iterator[tuple[str, str]]:
    """Yield each field that is left out of a file, with the file in which it is not."""
    for match in re.finditer(r"^( *)#(\w+):.*$", text, re.MULTILINE):
        line = match[0].replace("#", "", 1)
        yield match[2], text[: match.start()] + line + text[match.end() :]


@pytest.mark.parametrize("primary", NEWEST.zones("fr1"))
@pytest.mark.parametrize(
    "answers",
    [{}, ANSWERED, {"recovery": "15m/", "backup": "none"}, {"vms": ["x=900x1x1x1"]}],
    ids=["none", "all", "some", "many"],
)
def test_every_field_that_is_left_out_may_be_used_as_it_stands(answers: dict[str, Any], primary: str) -> None:
    if answers:
        others = [zone for zone in NEWEST.zones("fr1") if zone != primary]
        answers = {**answers, "sites": f"{primary} {others[0]}"}
    text = WORKLOADS.text(answers)
    found = list(uncommented(text))
    for key, changed in found:
        assert read(WORKLOADS, changed), key
    assert errors("workload", as_editors_see(found[-1][1])) == []
    assert len(found) >= 20


def test_every_field_of_a_workload_is_in_the_file_but_what_only_the_program_writes() -> None:
    shown = set(re.findall(r"(\w+):", WORKLOADS.text({"sites": "az05 az06"})))
    every = {(model.__name__, key) for model in models(cp.Workload) for key in NOTES[model]}
    assert {model for model, key in every if key not in shown} == {
        "Workload", "VmGroup", "Disk", "Protection", "Inventory", "InventoryFile", "LedgerLine", "RuleMet",
        "Existing", "StandingCluster", "StandingDatastore", "StandingBackup", "StandingLine",
    }  # fmt: skip
    written = ("Workload", "VmGroup", "Disk", "Protection")
    assert {key for model, key in every if key not in shown and model in written} == {
        "inventory", "by_default", "mechanism", "thin", "from", "until",
    }  # fmt: skip


@pytest.mark.parametrize(
    "answers", [{}, {"issued": "2020-05-01"}, {"valid-until": "2020-05-01"}, {"issued": "2030-01-01"}], ids=str
)
def test_every_field_of_terms_that_is_left_out_may_be_used_as_it_stands(answers: dict[str, str]) -> None:
    found = list(uncommented(TERMS.text(answers)))
    assert len(found) >= 15
    for key, changed in found:
        assert read(TERMS, changed) != read(TERMS, TERMS.text(answers)) or key in ("revision", "discount"), key


def test_lines_are_not_too_long() -> None:
    assert max(map(len, WORKLOADS.text({}).splitlines())) <= 110


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--name", ""], "--name: found ''; allowed: a text that is not empty"),
        (["--lang", "de"], "--lang: found 'de'; allowed: fr or en"),
        (["--region", "fr2"], "--region: unknown region 'fr2'; did you mean 'fr1'? (allowed: fr1)"),
        (["--sites", "az5"], "--sites: unknown zone 'az5'; did you mean 'az05'? (allowed: az05, az06, az07)"),
        (["--sites", "az05,az05"], "--sites: found 'az05', the primary site; allowed: another zone"),
        (["--sites", " "], "--sites: found ' '; allowed: one zone, or two with the standby site second"),
        (["--sites", "az05", "--recovery", "1h/4h"],
         "--recovery: recovery targets need two zones, the second for the standby site"),
        (["--recovery", "1h"],
         "--recovery: found '1h'; allowed: RPO/RTO such as 1h/4h, one of them such as 1h/ or /4h, or none"),
        (["--recovery", "1h/4 h"],
         "--recovery: found '4 h'; allowed: a duration is a whole number >= 1 and m, h or d, such as 15m"),
        (["--backup", "7 4"],
         "--backup: found '7 4'; allowed: 4 whole numbers (daily, weekly, monthly, yearly), or none"),
        (["--backup", "7 4 0 -1"], "--backup: found '-1'; allowed: a whole number from 0 to 100000"),
        (["--vms", "web=4x2x8"],
         "--vms: found 'web=4x2x8'; allowed: NAME=COUNTxVCPUSxMEMORYxDISK such as web=4x2x8x100; "
         "the name may be left out"),
        (["--vms", "web=4x2x16 GiBx100"],
         "--vms: memory_gib: found '16 GiB'; allowed: a number of GiB > 0 and <= 1000000000; did you mean '16'?"),
        (["--vms", "a=1x1x1x1", "--vms", "a=1x1x1x1"],
         "--vms: name: the name 'a' is taken by vms[0]; names are unique"),
        (["--vcpu-per-core", "0"], "--vcpu-per-core: found '0'; allowed: vCPUs for each core > 0 and <= 1000"),
        (["--host-failures", "32"], "--host-failures: found 32; allowed: <= 31, the catalogue's limit"),
        (["--term", "1,5"], "--term: found '1,5'; allowed: a whole number from 1 to 1200"),
        (["--discount", "0.1"], "--discount: not of workload"),
        (["--name", "a\udcff"], r"--name: found 'a\udcff'; allowed: Unicode text"),
        (["terms", "--vms", "a=1x1x1x1"], "--vms: not of terms"),
        (["terms", "--catalog", EDITION], "--catalog: not of terms"),
        (["terms", "--issued", "2026-02-30"], "--issued: found '2026-02-30'; allowed: a date, YYYY-MM-DD"),
        (["terms", "--issued", "2026-02-02", "--valid-until", "2026-02-01"],
         "--valid-until: found 2026-02-01; allowed: the day of issue, 2026-02-02, or later"),
        (["terms", "--discount", "5 %"],
         "--discount: found '5 %'; allowed: a share >= 0 and <= 1; did you mean '0.05'?"),
        (["prices", "--name", "x"], "--name: not of prices; fill in the file"),
        (["--schema", "plan", "--name", "x"], "--name: not with --schema"),
        (["prices", "--schema", "plan"], "--schema: a kind of file and --schema; give one of them"),
        (["--schema", "plans"], "--schema: found 'plans'; allowed: workload, prices, terms, rules, plan, roadmap"),
        (["rule"], "kind: found 'rule'; allowed: workload, prices, terms, rules"),
    ],
    ids=lambda value: " ".join(value).encode("ascii", "replace").decode() if isinstance(value, list) else "",
)  # fmt: skip
def test_what_is_refused(words: list[str], fault: str, run: Run) -> None:
    ran = run("init", *words, "-o", "made")
    assert (ran.status, ran.out, ran.faults) == (2, "", [fault])
    assert not Path("made").exists()


def test_all_options_are_refused_at_once(run: Run) -> None:
    ran = run("init", "--lang", "de", "--term", "0", "--vms", "a=0x1x1x0")
    assert [fault.split(": ")[0] for fault in ran.faults] == ["--lang", "--vms", "--vms", "--term"]


@pytest.mark.parametrize("kind", [["workload"], ["terms"], ["prices"], ["--schema", "terms"]], ids=" ".join)
def test_a_file_that_exists_is_kept_unless_forced(kind: list[str], run: Run) -> None:
    made = Path("made.json" if "--schema" in kind else "made.yaml")
    made.write_text("mine")
    assert run("init", *kind, "-o", made).status == 2
    assert made.read_text() == "mine"
    assert run("init", *kind, "-o", made, "--force").status == 0
    assert "schema" in made.read_text()


@pytest.mark.parametrize("kind", [["workload"], ["terms"], ["prices"], ["--schema", "terms"]], ids=" ".join)
def test_another_extension_is_refused(kind: list[str], run: Run) -> None:
    ran = run("init", *kind, "-o", "made.html")
    assert (ran.status, ran.out, len(ran.faults)) == (2, "", 1) and "made.html: .html is not written" in ran.faults[0]
    assert not Path("made.html").exists()


# --- any answers -----------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).filter(str.strip)
NAMES = st.one_of(
    TEXTS, st.sampled_from(["no", "null", "~", "1.10", "0x1F", "2026-01-01", "- a", "#", "x" * 5000, "é" * 999])
)
ZONES = st.permutations(NEWEST.zones("fr1"))


def whole(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


def decimals(high: int) -> st.SearchStrategy[str]:
    return st.decimals(min_value="0.001", max_value=high, places=3).map(str)


GROUPS = st.lists(
    st.tuples(
        NAMES.filter(lambda name: name == name.strip()), whole(1, 30), whole(1, 99), decimals(999), decimals(99999)
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda group: re.sub(r"-\d+$", "", group[0]),
)
DURATIONS = st.tuples(whole(1, 99), st.sampled_from("mhd")).map("".join)


@examples(25)
@given(st.fixed_dictionaries({}, optional={
    "name": NAMES, "customer": NAMES, "lang": st.sampled_from(["fr", "en"]), "term": whole(1, 1200),
    "sites": ZONES.map(lambda zones: " ".join(zones[:2])), "recovery": st.tuples(DURATIONS, DURATIONS).map("/".join),
    "backup": st.lists(whole(0, 99), min_size=4, max_size=4).map(" ".join), "vcpu-per-core": decimals(1000),
    "host-failures": whole(0, 31),
}), GROUPS)  # fmt: skip
def test_any_workload_that_may_be_answered_reads_back(
    answers: dict[str, str], groups: list[tuple[str, str, str, str, str]]
) -> None:
    listed = [f"{name}={'x'.join(figures)}" for name, *figures in groups]
    made = read(WORKLOADS, WORKLOADS.text({**answers, "vms": listed}))
    assert isinstance(made, cp.Workload)
    for name, found in (
        ("name", made.name),
        ("customer", made.customer and made.customer.organization),
        ("lang", made.customer and made.customer.lang),
        ("term", str(made.term_months)),
        ("sites", f"{made.sites.primary} {made.sites.standby}"),
        ("host-failures", str(made.policy.host_failures)),
        (
            "backup",
            " ".join(str(getattr(made.policy.backup, kind)) for kind in ("daily", "weekly", "monthly", "yearly")),
        ),
    ):
        assert name not in answers or answers[name] == found
    assert "vcpu-per-core" not in answers or Decimal(answers["vcpu-per-core"]) == made.policy.vcpu_per_core
    for vms, (name, *figures) in zip(made.vms, groups, strict=True):
        assert vms.name == name
        assert list(map(Decimal, figures)) == [vms.count, vms.vcpus, vms.memory_gib, vms.disks[0].size_gib]
        targets = vms.protection and f"{vms.protection.rpo}/{vms.protection.rto}"
        assert targets == answers.get("recovery")


@examples(25)
@given(st.fixed_dictionaries({}, optional={
    "number": NAMES, "issuer": NAMES, "customer": NAMES, "payment": NAMES, "issued": st.dates().map(str),
    "discount": st.decimals(0, 1, places=4).map(str), "vat-rate": st.decimals(0, 1, places=4).map(str),
}))  # fmt: skip
def test_any_terms_that_may_be_answered_read_back(answers: dict[str, str]) -> None:
    made = read(TERMS, TERMS.text(answers))
    assert isinstance(made, cp.Terms)
    found = {
        "number": made.number,
        "issuer": made.issuer.name,
        "customer": made.customer and made.customer.name,
        "payment": made.payment,
        "issued": made.issued and str(made.issued),
    }
    assert {name: text for name, text in found.items() if text} == {
        name: text for name, text in answers.items() if name in found
    }
    assert made.discount == Decimal(answers.get("discount", 0))
    assert made.vat_rate == Decimal(answers.get("vat-rate", "0.2"))
    assert not re.search(r"^valid_until", TERMS.text(answers), re.MULTILINE)


# --- on a terminal ---------------------------------------------------------------------------------------------------


START = """
import os, sys
os.login_tty(0)
if sys.argv[1]:
    os.dup2(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY), 1)
os.execv(sys.executable, [sys.executable, "-m", "cloudplan", *sys.argv[2:]])
"""
"""Runs the program as one that belongs to the terminal that is its stdin, with its stdout in a file if one is named."""


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *words: str, stdout: str = ""):
        self._master, slave = pty.openpty()
        command = [sys.executable, "-c", START, stdout, *words]
        self._process = subprocess.Popen(command, stdin=slave, start_new_session=True)
        os.close(slave)
        self.shown = ""

    def answer(self, wanted: str, typed: str | bytes) -> str:
        """Wait for a question with these words, type an answer, and return what was shown before the question."""
        question = re.compile(rf"{re.escape(wanted)}[^\n]*\]: $")
        while not (asked := question.search(self.shown)):
            assert self._more(), self.shown
        os.write(self._master, typed.encode() if isinstance(typed, str) else typed)
        before, self.shown = self.shown[: asked.start()], ""
        return before

    def end(self) -> int:
        """Return the exit status once the program has ended."""
        while self._more():
            pass
        os.close(self._master)
        return self._process.wait(timeout=60)

    def _more(self) -> bool:
        """Read what is shown next; False when the program has ended."""
        assert select.select([self._master], [], [], 60)[0], self.shown
        try:
            data = os.read(self._master, 4096)
        except OSError:  # the other end is closed
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


QUESTIONS = (
    "Name of the workload", "Organisation", "Language", "Zone", "VMs, as", "Recovery", "Backups", "vCPUs on one",
    "Hosts of a cluster", "Commitment",
)  # fmt: skip


def test_about_ten_questions_are_asked() -> None:
    assert len([question for question in WORKLOADS.questions if question.asked]) == len(QUESTIONS) == 10
    assert len(TERMS.questions) <= 10


def test_questions_are_answered_on_a_terminal() -> None:
    terminal = Terminal("init", "-o", "w.yaml")
    answers = {**ANSWERED, "vms": ANSWERED["vms"][0]}
    answers.pop("name")
    assert "Ctrl-C" in terminal.answer(QUESTIONS[0], f"{ANSWERED['name']}\n")
    for words, answer in zip(QUESTIONS[1:5], list(answers.values())[:4], strict=True):
        terminal.answer(words, f"{answer}\n")
    terminal.answer("Another group", f"{ANSWERED['vms'][1]}\n")
    terminal.answer("Another group", "\n")
    for words, answer in zip(QUESTIONS[5:], list(answers.values())[4:], strict=True):
        terminal.answer(words, f"{answer}\n")
    assert terminal.end() == 0
    assert Path("w.yaml").read_text(encoding="utf-8") == WORKLOADS.text(ANSWERED)


def test_who_does_not_know_gets_the_defaults() -> None:
    terminal = Terminal("init", stdout="w.yaml")
    for words, unknown in zip(QUESTIONS, itertools.cycle(["", "?", "Don't know", "  don’t know "]), strict=False):
        terminal.answer(words, f"{unknown}\n")
    assert terminal.end() == 0
    assert Path("w.yaml").read_text(encoding="utf-8") == WORKLOADS.text({})


def test_an_answer_that_is_not_allowed_is_asked_for_again_with_what_is_allowed() -> None:
    terminal = Terminal("init", "-o", "w.yaml", "--name", "n", "--customer", "c", "--recovery", "1h/4h")
    terminal.answer("Language", "de\n")
    assert "found 'de'; allowed: fr or en" in terminal.answer("Language", "fr\n")
    terminal.answer("Zone", "az05\n")
    assert "need two zones" in terminal.answer("Zone", "az5 az06\n")
    assert "did you mean 'az05'?" in terminal.answer("Zone", "az05 az06\n")
    terminal.answer("VMs, as", "4x2\n")
    assert "allowed: NAME=COUNTx" in terminal.answer("VMs, as", "web=4x2x8x60\n")
    terminal.answer("Another group", "web=1x1x1x1\n")
    assert "names are unique" in terminal.answer("Another group", "\n")
    terminal.answer("Backups", "7\n")
    assert "whole numbers" in terminal.answer("Backups", "none\n")
    terminal.answer("vCPUs on one", "0\n")
    assert "vCPUs for each core > 0" in terminal.answer("vCPUs on one", "\n")
    terminal.answer("Hosts of a cluster", "99\n")
    assert "allowed: <= 31" in terminal.answer("Hosts of a cluster", "0\n")
    terminal.answer("Commitment", "36 mois\n")
    assert "did you mean '36'?" in terminal.answer("Commitment", "36\n")
    assert terminal.end() == 0
    wanted = {"name": "n", "customer": "c", "recovery": "1h/4h", "lang": "fr", "sites": "az05 az06", "backup": "none"}
    wanted |= {"host-failures": "0", "term": "36"}
    assert Path("w.yaml").read_text(encoding="utf-8") == WORKLOADS.text({**wanted, "vms": ["web=4x2x8x60"]})


@pytest.mark.parametrize(("key", "status"), [("\x03", 130), ("\x04", 1)], ids=["ctrl-c", "end of input"])
def test_questions_that_are_left_write_nothing(key: str, status: int) -> None:
    terminal = Terminal("init", "terms", "-o", "t.yaml")
    terminal.answer("Number", "7\n")
    terminal.answer("Who offers", key)
    assert terminal.end() == status
    assert "Traceback" not in terminal.shown
    assert list(Path().iterdir()) == []


def test_bytes_that_are_no_text_are_asked_for_again() -> None:
    terminal = Terminal("init", "terms", *options({"number": "1", "customer": "c", "payment": "p"}))
    terminal.answer("Who offers", b"\xff\n")
    assert "not UTF-8" in terminal.answer("Who offers", "Ex\n")
    for words in ("Day of issue", "Last day", "Commercial discount", "Value-added"):
        terminal.answer(words, "\n")
    assert terminal.end() == 0
    assert "name: Ex" in terminal.shown


def test_nothing_is_asked_when_everything_is_given_or_the_file_is_there() -> None:
    terminal = Terminal("init", "-o", "w.yaml", *options(ANSWERED))
    assert (terminal.end(), terminal.shown) == (0, "Écrit\N{NO-BREAK SPACE}: w.yaml\r\n")
    terminal = Terminal("init", "-o", "w.yaml")
    assert terminal.end() == 2
    assert "exists already" in terminal.shown
