"""Locust's users. How many there are decides how many exchanges can be under way at once, not how many are begun."""

from locust import User, task

from kubeproof_load.alarm import Alarm
from kubeproof_load.work import perform


def user_of(work_queue):
    """The class of users at this desk."""

    class ArrivalUser(User):
        def on_start(self):
            self.work = self.request_kind = None
            self.alarm = Alarm()

        def on_stop(self):
            self.alarm.close()

        @task
        def exchange_once(self):
            arrival, work = work_queue.take()
            if work is not self.work:
                if self.request_kind is not None:
                    self.request_kind.close()
                self.work, self.request_kind = work, work.new_request()
            self.alarm.wait_until(arrival.intended_s)
            tell_locust(self.environment, arrival, *perform(self.request_kind, arrival, work))

    return ArrivalUser


def tell_locust(environment, arrival, seconds, failure):
    """For Locust's own statistics and web page, which know milliseconds."""
    environment.events.request.fire(
        request_type="exchange",
        name=arrival.target.label,
        response_time=seconds * 1000,
        response_length=0,
        exception=failure,
        context={},
    )
