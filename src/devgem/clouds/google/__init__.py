"""Google Cloud: Cloud Build makes images, Cloud Run runs them. Importing this imports no client of Google's."""
