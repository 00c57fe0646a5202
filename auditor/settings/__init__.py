"""Settings: one YAML file and the environment, checked and complete."""

from auditor.settings.config import Config, load_config
from auditor.settings.destinations import Destination
from auditor.settings.problems import ConfigError, Problem

__all__ = ["Config", "ConfigError", "Destination", "Problem", "load_config"]
