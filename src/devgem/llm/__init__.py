"""The routed Gemini model and the offline planner."""
