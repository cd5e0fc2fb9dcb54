"""Databases and other servers that an app needs: reached, let in, and with tables."""

from devgem.agent.diagnosis.diagnosis import Advice, ConfigVar
from devgem.agent.diagnosis.rule import RUN, Clue, Finding, Rule, rule, says


def _database(clue: Clue) -> Finding:
    is_set = "DATABASE_URL" in clue.evidence.env
    what = "does not answer at the address in DATABASE_URL" if is_set else "does not answer: DATABASE_URL is not set"
    if clue.evidence.plan and "DATABASE_URL" not in clue.evidence.plan.env_names and not is_set:
        what = "does not answer where the code looks for it"
    return Finding(
        f"the app's database {what}",
        (ConfigVar(("DATABASE_URL",), "The address of a database that can be reached from here."),),
    )


def _server_named(clue: Clue) -> Finding | None:
    name, variable = _SERVERS.get(clue["port"], ("", ""))
    if not name:
        return None
    why = f"The address of {name} that can be reached from here; see which name the code reads."
    return Finding(f"the app cannot reach {name} (port {clue['port']})", (ConfigVar((variable,), why),))


_SERVERS = {
    "6379": ("Redis", "REDIS_URL"),
    "5672": ("RabbitMQ", "AMQP_URL"),
    "9200": ("Elasticsearch", "ELASTICSEARCH_URL"),
    "9092": ("Kafka", "KAFKA_BROKERS"),
    "11211": ("Memcached", "MEMCACHED_URL"),
    "27017": ("MongoDB", "MONGODB_URI"),
    "5432": ("PostgreSQL", "DATABASE_URL"),
    "3306": ("MySQL", "DATABASE_URL"),
    "1433": ("SQL Server", "DATABASE_URL"),
}

RULES: tuple[Rule, ...] = (
    rule(
        "database.login",
        "The database does not accept the user or the password",
        says(
            "the database does not accept the user or the password",
            ConfigVar(("DATABASE_URL",), "With the right user and password."),
        ),
        r"password authentication failed for user|Access denied for user|Authentication"
        r" failed\.?[^\n]{0,40}mongo|P1000: Authentication failed|no pg_hba\.conf entry for host",
        r"NOAUTH Authentication required|WRONGPASS invalid username-password pair",
    ),
    rule(
        "database.missing",
        "The database server has no such database",
        says("the server has no database `{name}`", ConfigVar(("DATABASE_URL",), "With the name of one that exists.")),
        r"database \"(?P<name>[^\"\n]{1,80})\" does not exist|Unknown database '(?P<name2>[^'\n]{1,80})'"
        r"|P1003: Database `(?P<name3>[^`\n]{1,80})` does not exist",
    ),
    rule(
        "database.ssl",
        "The database wants an encrypted connection",
        says(
            "the database and the app do not agree on an encrypted connection",
            ConfigVar(("DATABASE_URL",), "With ?sslmode=require, or without it where the server has none."),
        ),
        r"The server does not support SSL connections|SSL connection is required|server does not support SSL,"
        r" but SSL was required|connection is insecure \(try using `sslmode=require`\)",
    ),
    rule(
        "database.host",
        "The database's host is not known",
        says(
            "the database's host `{host}` is not known here",
            ConfigVar(
                ("DATABASE_URL",), "A host that can be reached from here; names of docker-compose are not known."
            ),
        ),
        r"could not translate host name \"(?P<host>[^\"\n]{1,100})\"",
        r"(?:ENOTFOUND|EAI_AGAIN)\s{1,2}(?P<host>db|database|postgres|postgresql|mysql|mariadb|mongo|mongodb)\b",
        r"Unknown MySQL server host '(?P<host>[^'\n]{1,100})'",
        r"UnknownHostException: (?P<host>db|database|postgres|postgresql|mysql|mariadb|mongo|mongodb)\b",
    ),
    rule(
        "database.server_refused",
        "A server that the app needs does not answer",
        _server_named,
        r"(?:ECONNREFUSED|[Cc]onnection (?:to \S{1,60} )?refused|connect: connection"
        r" refused)[^\n]{0,60}?:(?P<port>6379|5672|9200|9092|11211|27017)\b",
        r":(?P<port>6379|5672|9200|9092|11211|27017)\b[^\n]{0,60}?[Cc]onnection refused",
        r"(?:ServerSelection(?:Timeout)?Error|MongoNetworkError)[^\n]{0,60}?:(?P<port>27017)",
        steps=RUN,
    ),
    rule(
        "database.refused",
        "The app cannot reach its database",
        _database,
        r"connection to server at [^\n]{1,120} failed|could not connect to server: |P1001: Can't reach"
        r" database server|Can't connect to (?:local )?(?:MySQL|MariaDB)?",
        r"(?:ECONNREFUSED|[Cc]onnection (?:to \S{1,60} )?refused)[^\n]{0,80}?\b(?:5432|3306|1433)\b|\b(?:5432"
        r"|3306|1433)\b[^\n]{0,60}?[Cc]onnection refused",
        r"Connection to \S{1,80}:(?:5432|3306|1433) refused",
        r"SequelizeConnection(?:Refused)?Error|SQLSTATE\[HY000\] \[2002\]|SQLSTATE\[08006\]|ActiveRecord::Conn"
        r"ectionNotEstablished|Communications link failure",
        r"DBConnection\.ConnectionError|CannotGetJdbcConnectionException|JDBCConnectionException",
        codes="database_unreachable",
    ),
    rule(
        "database.tables_missing",
        "The database has no tables yet",
        says(
            "the database has no table `{name}` yet",
            Advice("let the migrations run before each start: `release: <command>` in a Procfile"),
        ),
        r"relation \"(?P<name>[^\"\n]{1,80})\" does not exist|no such table: (?P<name2>[\w.]{1,80})|Table"
        r" '(?P<name3>[^'\n]{1,80})' doesn't exist",
    ),
)
