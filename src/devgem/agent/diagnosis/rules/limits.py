"""Memory, disk, processes and time: what the machine did not give."""

from devgem.agent.diagnosis.diagnosis import Advice, Command, ConfigVar, Retry
from devgem.agent.diagnosis.rule import BUILD, RUN, Rule, rule, says

_RAISE_MEMORY = Advice("raise DEVGEM_BUILD_MEMORY_MB where DevGem runs")
_HEAP = ConfigVar(
    ("NODE_OPTIONS",),
    "It lets Node use more of the memory that a build may use.",
    build=True,
    values=(("NODE_OPTIONS", "--max-old-space-size=3072"),),
)
_SMALLER = Advice("let the app use less memory: fewer workers, smaller caches, no development server")
_KILLED = (
    r"^\s{0,20}(?:#\d{1,4} [\d.]{1,9} )?(?:\S{1,60}: )?(?:line )?(?:\d{1,7}:? {1,8}){0,2}"
    r"(?:Killed|signal: killed)(?: {2,40}\S.{0,200})?$"
)

RULES: tuple[Rule, ...] = (
    rule(
        "limits.node_heap_in_build",
        "Node ran out of heap memory in the build",
        says("Node ran out of heap memory while it built the app", _HEAP, _RAISE_MEMORY),
        r"JavaScript heap out of memory|ERR_WORKER_OUT_OF_MEMORY",
        steps=BUILD,
    ),
    rule(
        "limits.java_heap",
        "Java ran out of heap memory",
        says(
            "Java ran out of memory (`{what}`)",
            ConfigVar(("JAVA_TOOL_OPTIONS",), "Give the heap more room, as in -Xmx512m."),
            _SMALLER,
        ),
        r"java\.lang\.OutOfMemoryError: (?P<what>Java heap space|Metaspace|GC overhead limit exceeded)",
        r"(?P<what>Expiring Daemon because JVM heap space is exhausted)",
    ),
    rule(
        "limits.php_memory",
        "PHP reached its own memory limit",
        says(
            "PHP reached its own limit of {bytes} bytes of memory",
            ConfigVar(
                ("COMPOSER_MEMORY_LIMIT",),
                "It lifts Composer's limit.",
                build=True,
                values=(("COMPOSER_MEMORY_LIMIT", "-1"),),
            ),
            Advice("raise memory_limit where the code needs more, or let it load less at once"),
        ),
        r"Allowed memory size of (?P<bytes>\d{1,15}) bytes exhausted",
    ),
    rule(
        "limits.memory_in_build",
        "The build used more memory than it may, and was killed (exit code 137)",
        says(
            "the build used more memory than it may, and was killed",
            _RAISE_MEMORY,
            Advice("build with fewer parallel jobs"),
        ),
        _KILLED,
        r"Killed signal terminated program|^MemoryError|Cannot allocate memory|ENOMEM",
        r"(?:exit code:?|exited with(?: code)?|returned a non-zero code:) 137\b",
        r"(?:signal: 9, SIGKILL: kill|command was killed with SIGKILL|exited with signal SIGKILL)",
        codes="out_of_memory",
        steps=BUILD,
    ),
    rule(
        "limits.memory_in_app",
        "The running app used more memory than it may, and was killed",
        says("the app used more memory than it may", _SMALLER),
        r"JavaScript heap out of memory|^MemoryError|[Cc]annot allocate memory|^fatal error: runtime: out of memory",
        r"Worker \(pid:\d{1,9}\) was sent SIGKILL! Perhaps out of memory\?",
        codes="out_of_memory",
        steps=RUN,
    ),
    rule(
        "limits.file_watchers",
        "The app watches files for changes, as development servers do",
        says(
            "the app watches more files for changes than the machine allows: it starts in development mode",
            Advice("let the start command be that of production, without --watch, --reload or a dev server"),
        ),
        r"ENOSPC: System limit for number of file watchers|inotify watch limit reached",
        r"inotify_add_watch.{0,80}No space left",
    ),
    rule(
        "limits.disk_full",
        "The disk of the machine is full",
        says(
            "the disk of the machine is full",
            Command(("devgem", "list"), "Remove apps that are not needed, with `devgem remove`.", "devgem"),
            Retry("Once there is room."),
        ),
        r"[Nn]o space left on device|ENOSPC|\[Errno 28\]|SQLITE_FULL|database or disk is full",
        codes="disk_full",
    ),
    rule(
        "limits.disk_share",
        "The build wrote more than it may",
        says(
            "the build wrote more to disk than it may",
            Advice("fetch large files when the app starts, in place of building them in"),
        ),
        r"File size limit exceeded|EFBIG|^OSError: \[Errno 27\]|Disk quota exceeded|EDQUOT",
        codes="disk_limit",
    ),
    rule(
        "limits.processes",
        "More processes or threads were started than a program may have",
        says(
            "it started more processes or threads than it may",
            Advice("use less parallelism: fewer workers, a smaller --jobs"),
        ),
        r"can't start new thread|pthread_create failed|fork: (?:retry: )?Resource temporarily unavailable|Cannot fork",
        r"failed to create new OS thread|uv_thread_create|spawn \S{1,100} EAGAIN|BlockingIOError: \[Errno 11\]",
        r"OpenBLAS blas_thread_init: pthread_create|unable to create native thread",
    ),
    rule(
        "limits.open_files",
        "Too many files were open at once",
        says("it had too many files open at once", Advice("open fewer files at once, or build with less parallelism")),
        r"EMFILE|[Tt]oo many open files",
    ),
    rule(
        "limits.build_time",
        "The build did not end within its time",
        says(
            "the build was still running when its time was up",
            Advice("look for a command that never ends: a server, a watcher, a question that waits for an answer"),
            Advice("for a build that is just long, raise DEVGEM_BUILD_TIMEOUT_SECONDS where DevGem runs"),
        ),
        codes="build_timeout",
    ),
    rule(
        "limits.release_time",
        "The release command did not end within its time",
        says(
            "the release command was still running when its time was up",
            Advice("let it end by itself: a release command migrates a database or the like, and starts no server"),
        ),
        codes="release_timeout",
    ),
    rule(
        "limits.step_time",
        "A step took too long",
        says(
            "the step took longer than it may",
            Retry(),
            Advice("if it happens again, see in the log what it was waiting for"),
        ),
        codes="timeout",
        likely=True,
    ),
)
