"""Locust's users. Their number limits how many requests can be in flight at once, not the rate at which they start."""

from locust import User, task

from kubeproof_load.alarm import Alarm
from kubeproof_load.work import perform


def user_of(work_queue):
    """Return the class of users that take their arrivals from this work queue."""

    class ArrivalUser(User):
        def on_start(self):
            self.work = self.request_kind = None
            self.alarm = Alarm()

        def on_stop(self):
            self.alarm.close()

        @task
        def send_request(self):
            arrival, work = work_queue.take()
            if work is not self.work:
                if self.request_kind is not None:
                    self.request_kind.close()
                self.work, self.request_kind = work, work.new_request()
            self.alarm.wait_until(arrival.intended_s)
            report_to_locust(self.environment, arrival, *perform(self.request_kind, arrival, work))

    return ArrivalUser


def report_to_locust(environment, arrival, seconds, failure):
    """Report one request to Locust's own statistics and web page, which use milliseconds."""
    environment.events.request.fire(
        request_type="exchange",
        name=arrival.target.label,
        response_time=seconds * 1000,
        response_length=0,
        exception=failure,
        context={},
    )
