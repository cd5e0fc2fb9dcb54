"""The quota engine beside its peers: what a decision costs, whether limits hold, who goes first, what a storm does."""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or LiteLLM fetches its price list when it is imported
