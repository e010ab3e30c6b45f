"""The director: kube-proxy's container on substrate `uml`.

A user-mode Linux kernel (the *guest*) stands beside the node's own kernel, runs the real kube-proxy, and
holds its rules. The node hands it what is addressed to Services over a veth pair, and gets back what
kube-proxy made of it; replies of the endpoints find back by a connection mark, so that clients keep their
address.

    serve.py      the whole life: plumbing, kernel, agent, routes; what runs in the container
    plumbing.py   what the node needs: devices, routes, nftables rules
    kernel.py     the guest as a process
    line.py       requests to the guest and events from it, over the guest's serial line
    frames.py     how both ends write messages
    routes.py     addresses of Services outside the Service CIDR
    server.py     the socket by which programs in the pod reach the guest; client.py, commands.py
    guest/        what runs inside

IPv4 only. Python's standard library only: the image holds nothing else.

Known differences from kube-proxy on the node's own kernel:
  - a masqueraded connection to a process of the same node comes from the guest's address;
  - NodePorts on the node's loopback do not work, and what the node's own processes send to a NodePort
    with external traffic policy Local counts as traffic from outside;
  - every port of the NodePort range belongs to the guest, allocated or not.
"""
