"""The demonstration: the service started, fed and asked as any client would."""

from app.demo.show import Choices, run_demo

__all__ = ["Choices", "run_demo"]
