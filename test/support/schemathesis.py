"""
What Schemathesis cannot know of a system: which strings are phones, stores and the like, who is let in, and how a
webhook is signed.
"""

import base64
import hashlib
import hmac
import os
import time
from itertools import count, cycle

import schemathesis
from hypothesis import strategies as st
from requests.auth import AuthBase

PHONES = os.environ["PHONES"].split()
STORES = os.environ["STORES"].split()

schemathesis.openapi.format("phone", st.sampled_from(PHONES))
schemathesis.openapi.format("served-location-uid", st.just(STORES[0]))  # one: whose chats are at two is asked at which
schemathesis.openapi.format("location-uid", st.sampled_from(STORES) | st.text(min_size=1))
schemathesis.openapi.format("language", st.sampled_from(["en", "es", "CA", "fr-CA"]))
schemathesis.openapi.format("base64", st.binary(max_size=20).map(lambda data: base64.b64encode(data).decode()))


@schemathesis.auth().apply_to(path_regex="^/(ops|codec/(en|de)code)")
class Token:
    def get(self, case, context):
        return os.environ["OPS_TOKEN"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


class Signature(AuthBase):
    """Signs a webhook's body as Podium does."""

    def __call__(self, request):
        now = str(int(time.time() * 1000))
        body = request.body or b""
        signed = f"{now}.".encode() + (body.encode() if isinstance(body, str) else body)
        secret = os.environ["WEBHOOK_SECRET"].encode()
        request.headers["podium-timestamp"] = now
        request.headers["podium-signature"] = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        return request


schemathesis.auth.set_from_requests(Signature()).apply_to(tag="webhooks")

NUMBERS = count()
CUSTOMERS = cycle(PHONES)
WEBHOOK = os.environ["WEBHOOK"]
# What there is, where nobody would guess it: in addresses, and in bodies by their routes. Every other request asks for
# it, the others for what was made up.
IN_ADDRESSES = {"token": os.environ["CODEC_TOKEN"], "link": os.environ["FILE_LINK"]}
IN_BODIES = {
    "/ops/files/sent": ("id", os.environ["FILE_SEND"]),
    **{f"/ops/webhook/{act}": ("uid", WEBHOOK) for act in ("show", "enable", "disable", "update")},
}


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(NUMBERS)
    # Each request has another address, and another customer, or the limits of the widget would hide the rest.
    case.headers["X-Forwarded-For"] = f"198.18.{number // 200 % 200}.{number % 200}"
    if number % 2:
        for name in IN_ADDRESSES.keys() & case.path_parameters.keys():
            case.path_parameters[name] = IN_ADDRESSES[name]
    if isinstance(case.body, dict):
        change(case, number)


def change(case, number):
    body = case.body
    if body.get("phone") in PHONES:
        body["phone"] = next(CUSTOMERS)
    field, known = IN_BODIES.get(case.path, (None, None))
    if number % 2 and isinstance(body.get(field), str):
        body[field] = known
    # The others need the only webhook that there is.
    if case.path == "/ops/webhook/delete" and body.get("uid") == WEBHOOK:
        body["uid"] = "another"
    # A form has its file last, and what a file is, its first bytes tell.
    if isinstance(body.get("file"), str):
        body["file"] = "%PDF-1.4\n" + body.pop("file")
    # What would be waited for comes at once or never.
    if body.get("wait_seconds") in range(1, 301):
        body["wait_seconds"] = 1
