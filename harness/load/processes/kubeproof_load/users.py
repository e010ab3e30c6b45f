"""Locust's users. How many there are decides how many exchanges can be under way at once, not how many are begun."""

from locust import User, task

from kubeproof_load.alarm import Alarm
from kubeproof_load.work import perform


def user_of(desk):
    """The class of users at this desk."""

    class ArrivalUser(User):
        def on_start(self):
            self.work = self.exchange = None
            self.alarm = Alarm()

        def on_stop(self):
            self.alarm.close()

        @task
        def exchange_once(self):
            arrival, work = desk.take()
            if work is not self.work:
                if self.exchange is not None:
                    self.exchange.close()
                self.work, self.exchange = work, work.new_exchange()
            self.alarm.wait_until(arrival.intended_s)
            tell_locust(self.environment, arrival, *perform(self.exchange, arrival, work))

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
