"""Settings: read once, typed, frozen. Every environment variable is listed here and in docs/configuration.md."""

import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from devgem.domain.errors import InvalidInput


class Settings(BaseSettings):
    """Every field is optional. A wrong value stops the start with its name and the remedy."""

    model_config = SettingsConfigDict(env_prefix="DEVGEM_", frozen=True, extra="ignore", populate_by_name=True)

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("devgem", appauthor=False)))
    """Everything DevGem keeps: database, key, caches, images, logs."""
    host: str = "127.0.0.1"
    """The address that the dashboard and the apps listen on."""
    port: int = Field(default=8080, ge=1, le=65535)
    """The dashboard's port."""
    apps_port: int | None = Field(default=None, ge=1, le=65535)
    """The port that apps answer at; the dashboard's port + 1 when not set."""
    base_domain: str = "localhost"
    """Apps answer at `<app>.<base domain>`."""
    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """PostgreSQL instead of the embedded SQLite."""
    secret_key: SecretStr | None = None
    """Encrypts config vars and tokens at rest; made on the first start when not set. 64 hexadecimal digits."""
    google_cloud_project: str = Field(default="", validation_alias="GOOGLE_CLOUD_PROJECT")
    """Turns on the models of Vertex AI, with Application Default Credentials."""
    google_cloud_region: str = Field(
        default="", validation_alias="GOOGLE_CLOUD_REGION", pattern="^([a-z]+-[a-z0-9-]+)?$"
    )
    """With the project, turns on the `google` cloud: where apps are built and run."""
    clouds: str = ""
    """`local`, `google` or both, the default first; when not set, google comes first where it can be used."""
    google_api_endpoint: str = ""
    """Another address of Google's APIs, `http://host:port`, reached without TLS and credentials."""
    google_min_instances: int = Field(default=0, ge=0, le=100)
    """How many instances of every app on Cloud Run run at least; with 0 nobody pays for what nobody asks."""
    google_max_instances: int = Field(default=10, ge=1, le=1000)
    google_concurrency: int = Field(default=80, ge=1, le=1000)
    """How many requests one instance on Cloud Run has at once."""
    gemini_api_key: SecretStr | None = Field(default=None, validation_alias="GEMINI_API_KEY")
    """The operator's key of the Gemini API, the last resort; a user's own comes before it."""
    gemini_model: str = ""
    """The model of all endpoints, or one per endpoint: `vertex=NAME,gemini=NAME,vertex/global=NAME`."""
    endpoints: str = ""
    """The models' endpoints in order of preference, with the limits of each."""
    gemini_url: str = ""
    """Another address of the Gemini API."""
    vertex_url: str = ""
    """Another address of Vertex AI."""
    quota_safety: float = Field(default=1.0, gt=0, le=1)
    """The share of the endpoints' stated limits that is used."""
    turn_tokens: int = Field(default=400_000, ge=1000)
    """What the model may read and write in one turn of a conversation."""
    conversation_tokens: int = Field(default=4_000_000, ge=1000)
    day_tokens: int = Field(default=20_000_000, ge=1000)
    """What the model may read and write for one user in a day (UTC)."""
    day_cost_usd: float = Field(default=20.0, gt=0)
    """What the model may cost for one user in a day, where its price is known."""
    redis_url: SecretStr | None = Field(default=None, validation_alias="REDIS_URL")
    """What replicas share: quota and sessions. `redis://` or `rediss://`."""
    upstash_url: str = Field(default="", validation_alias="UPSTASH_REDIS_REST_URL")
    """The same over Upstash's REST interface; comes before REDIS_URL."""
    upstash_token: SecretStr | None = Field(default=None, validation_alias="UPSTASH_REDIS_REST_TOKEN")
    github_url: str = "https://github.com"
    """Where `owner/repo` lives."""
    github_client_id: str = Field(default="", validation_alias="GITHUB_CLIENT_ID")
    """Sign-in with GitHub: the id of an OAuth app or a GitHub App that is registered there."""
    github_client_secret: SecretStr | None = Field(default=None, validation_alias="GITHUB_CLIENT_SECRET")
    github_redirect_uri: str = Field(default="", validation_alias="GITHUB_REDIRECT_URI")
    """Where GitHub sends browsers back to; `/signin/github/callback` at the dashboard's address when not set."""
    github_app: str = Field(default="", pattern="^[a-z0-9-]{0,100}$")
    """The name of the GitHub App, where it is one and not an OAuth app."""
    url: str = ""
    """The dashboard's public address, `https://host`, where it is another one than localhost."""
    github_api_url: str = "https://api.github.com"
    """GitHub's REST API; an Enterprise server's is `https://<host>/api/v3`."""
    github_webhook_secret: SecretStr | None = Field(default=None, validation_alias="GITHUB_WEBHOOK_SECRET")
    """What GitHub signs its webhooks with; without it none is taken."""
    allow_private_addresses: bool = False
    """Lets repositories be fetched from private, loopback and link-local addresses."""
    allow_file_urls: bool = False
    """Lets the HTTP API fetch `file://` URLs and folders for others than the operator."""
    allow_unsandboxed: bool = False
    """Lets repositories that are not the operator's own build and run where there is no sandbox."""
    build_memory_mb: int = Field(default=4096, ge=128)
    build_timeout_seconds: int = Field(default=1800, ge=10)
    app_memory_mb: int = Field(default=512, ge=64)
    drain_seconds: int = Field(default=30, ge=1, le=3600)
    """How long requests in flight may take after traffic has shifted away from their revision."""

    @field_validator("secret_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                if len(bytes.fromhex(value.get_secret_value())) != 32:
                    raise ValueError
            except ValueError:
                raise ValueError("must be 64 hexadecimal digits, as `openssl rand -hex 32` prints") from None
        return value

    @field_validator("url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?", value.lower().rstrip("/")):
            raise ValueError("must be an address such as https://devgem.example.com, without a path")
        return value.lower().rstrip("/")

    @field_validator("base_domain")
    @classmethod
    def _is_a_domain(cls, value: str) -> str:
        labels = value.lower().rstrip(".").split(".")
        if not all(label and label.replace("-", "").isalnum() and label.isascii() for label in labels):
            raise ValueError("must be a domain name such as apps.example.com")
        return ".".join(labels)


@dataclass(frozen=True)
class Paths:
    """Where things lie in the data folder."""

    root: Path

    @property
    def control_file(self) -> Path:
        """What the command line reads: pid, url, token. Mode 0600."""
        return self.root / "control.json"

    @property
    def control_lock(self) -> Path:
        return self.root / "control.lock"

    @property
    def control_log(self) -> Path:
        return self.root / "control.log"

    @property
    def edge_log(self) -> Path:
        return self.root / "edge.log"

    @property
    def secret_key(self) -> Path:
        return self.root / "secret.key"

    @property
    def database(self) -> Path:
        return self.root / "devgem.sqlite"

    @property
    def workflows(self) -> Path:
        return self.root / "workflows.sqlite"

    @property
    def sources(self) -> Path:
        return self.root / "sources"

    @property
    def cloud(self) -> Path:
        return self.root / "cloud"


def read_settings(**overrides: object) -> Settings:
    """Raises InvalidInput with the name of each wrong variable and the remedy. Overrides of None are ignored."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(f"{_variable(e['loc'])} {_reason(e['msg'])}" for e in error.errors())
        raise InvalidInput(f"wrong setting: {wrong}", fix="Mend or unset it and start again.") from error


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "?"
    return name if name.isupper() else f"DEVGEM_{name.upper()}"


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")[:1].lower() + message.removeprefix("Value error, ")[1:]
