"""One AMI action under way: which messages answer it, and when the answer is complete."""

from typing import Any, cast

from panoramisk.actions import Action as PanoramiskAction

from telephony.actions import Action
from telephony.stream import Message


class Request(PanoramiskAction):
    """An action that waits for its answer: `future` gets the response and, of a list, its events."""

    def __init__(self, action: Action) -> None:
        super().__init__(dict(action))

    def add_message(self, message: Any) -> bool:
        """Take one message with our ActionID; True when the answer is complete."""
        self.responses.append(message)
        if self.future.done():
            return True
        if _is_last(message) and any("Response" in kept for kept in self.responses):
            answers = sorted(self.responses, key=lambda kept: "Response" not in kept)
            self.future.set_result(cast("list[Message]", answers))
        return self.future.done()


def _is_last(message: Message) -> bool:
    if "Response" in message:
        begins = message.get("EventList", "").lower() == "start"
        return not begins and "will follow" not in message.get("Message", "").lower()
    return message.get("EventList", "").lower() == "complete" or message.get("Event", "").endswith("Complete")
