"""Application Default Credentials that a process may really sign in with, at the stand-in instead of at Google."""

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def write_service_account(path: Path, standin_url: str, project: str = "project-1") -> None:
    """A key file for GOOGLE_APPLICATION_CREDENTIALS, of an account that the stand-in gives tokens to."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "1",
        "private_key": key.decode(),
        "client_email": f"devgem@{project}.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"{standin_url}/token",
    }
    path.write_text(json.dumps(account))
