"""Every command with the variables that it knows: one line for each target."""

from analysis_utils.commands.desk import TEXT, YES, YES_NO, Command

RUNS = {"NOTEBOOK": TEXT, "RUN": TEXT, "WORKERS": TEXT, "WARM": YES_NO}
CHANGED = "Refused, nothing was changed:"

COMMANDS = {
    "all": Command(
        "reproduce:make_all",
        {**RUNS, "ARCHIVED": ("trust",), "CLUSTER": TEXT},
        parameters=True,
    ),
    "run": Command("reproduce:make_run", {**RUNS, "CLUSTER": TEXT}, parameters=True),
    "sweep": Command(
        "sweep:make_sweep",
        {
            **dict.fromkeys(("NOTEBOOK", "SWEEP", "KEY", "WORKERS", "CLUSTER"), TEXT),
            "WARM": YES_NO,
            "YES": YES,
        },
        parameters=True,
    ),
    "why": Command("reproduce:make_why", RUNS, parameters=True),
    "list": Command("reproduce:make_list", RUNS, parameters=True),
    "clean": Command("reproduce:make_clean", {"CUSTOM": YES}, CHANGED),
    "test": Command("maintain:make_test", {"QUICK": YES, "WHOLE": YES}),
    "verify": Command("review:make_verify", {"AGAINST": TEXT, **RUNS}),
    "trace": Command("review:make_trace", {"KEY": TEXT, "DATA": TEXT}),
    "standards": Command("deposit:make_standards"),
    "measure": Command("deposit:make_measure"),
    "deposit": Command(
        "deposit:make_deposit", {"ENVIRONMENT": ("present",)}, "Stopped:"
    ),
    "site": Command("read:make_site"),
    "paper": Command("read:make_paper", {"AGAINST": TEXT}),
    "lab": Command("edit:make_lab", {"PORT": TEXT, "BROWSER": YES_NO}, CHANGED),
    "new": Command("edit:make_new", {"NAME": TEXT}, CHANGED),
    "tidy": Command("edit:make_tidy", {}, CHANGED),
    "update": Command(
        "data:make_update",
        {"LIST": TEXT, "DATE": TEXT, "ACCEPT": TEXT, "UNDO": YES},
        CHANGED,
    ),
    "register": Command("data:make_register", {}, CHANGED),
    "export": Command("data:make_export"),
    "raw": Command("data:make_raw", {"RAW_DIR": TEXT}, CHANGED),
    "data": Command("data:make_data", {"RAW_DIR": TEXT}, CHANGED),
    "own": Command("data:make_own"),
    "arrests": Command("arrests:make_arrests", {"FILE": TEXT}, CHANGED),
    "bench": Command("maintain:make_bench"),
    "calibrate": Command("maintain:make_calibrate"),
    "validation": Command("maintain:make_validation"),
    "faults": Command("maintain:make_faults"),
    "lock": Command("maintain:make_lock"),
}
