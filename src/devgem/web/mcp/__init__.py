"""The agent's tools, policy and approvals for other people's agents: MCP over streamable HTTP, with OAuth 2.1."""
