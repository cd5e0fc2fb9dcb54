"""HTTP, WebSocket and sign-in: the edge of the control process; it decides nothing."""
