"""What the service says over HTTP: whether it lives, whether it is ready, its metrics, a plain page."""
