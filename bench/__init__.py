"""How fast Parley is on this machine, each figure beside a yardstick measured in the same run.

    python -m bench                        all of it, some minutes
    python -m bench forwarding             one part: forwarding, messages, rooms, resume, search, starving, reconnect,
                                           idle, footprint, pictures, files, video, pages, page_loading,
                                           busy_page or long_session
    python -m bench --quick                short rounds and few people: does it work, not how fast is it

The tables go to the standard output as Markdown, progress to the standard error. Everything listens on
127.0.0.1, lives in a temporary folder and ends with the run. The status is 1 when an answer was wrong or
a message was lost, doubled or out of order; a missed bar is printed as such and leaves the status at 0,
because a busy machine is no defect. Linux only: processor times and memory are read from /proc.
"""
