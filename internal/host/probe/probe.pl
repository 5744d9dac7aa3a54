# Probes of a network and of what limits a container, for a host and for the
# containers on it: perl probe.pl PROBE... Each argument is one probe, its words
# parted by blanks; each answer is a line of fields parted by tabs. An answer
# that begins with ! says why there is none. Needs only what perl-base has.
use strict;
use warnings;
use Fcntl;
use POSIX ();
use Socket qw(:DEFAULT :addrinfo IPPROTO_TCP IPPROTO_IP IPPROTO_UDP inet_ntop);

$| = 1;
$SIG{PIPE} = 'IGNORE';
# Process 1 is not ended by a signal otherwise; and %SIG waits for a name to be found.
POSIX::sigaction(POSIX::SIGTERM(), POSIX::SigAction->new(sub { POSIX::_exit(143) }));
$ENV{RES_OPTIONS} = 'timeout:2 attempts:1';    # glibc asks for half a minute otherwise
my ($limit, $size) = (3, 65536);               # seconds for one answer; bytes that a server sends
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

my %probes = (self => \&self, outside => \&outside, serve => \&serve, fetch => \&fetch,
    store => \&store, kept => \&kept, limits => \&limits);
for (@ARGV) {
    my ($verb, @words) = split / /;
    $probes{$verb}->(@words);
}

sub answer { print join("\t", map { s/[\t\r\n]+/ /gr } @_), "\n" }
sub seconds { (POSIX::times())[0] / $ticks }

sub text {
    open(my $in, '<', $_[0]) or return;
    local $/;
    return scalar <$in>;
}

# self: what this place is told about its surroundings.
sub self {
    answer('clock', time);
    answer('forward', split ' ', text('/proc/sys/net/ipv4/ip_forward') // '');
    for (split /\n/, text('/etc/resolv.conf') // '') { answer('resolver', $1) if /^nameserver\s+(\S+)/ }
    for (qw(http_proxy https_proxy no_proxy)) {
        my $value = $ENV{$_} // $ENV{uc $_} // '';
        answer('proxy', $_, $value) if $value ne '';
    }
}

# addresses of a name: those of IPv4 first, since Docker's networks have no other.
sub addresses {
    my ($name, $port) = @_;
    my ($error, @all) = getaddrinfo($name, $port, {socktype => SOCK_STREAM});
    return ("$error") if $error;
    return ('', sort { ($a->{family} != AF_INET) <=> ($b->{family} != AF_INET) } @all);
}

sub shown {
    my ($error, $host) = getnameinfo($_[0]{addr}, NI_NUMERICHOST, NIx_NOSERV);
    return $error ? '?' : $host;
}

# dial connects to one of some addresses within the limit: a socket and where it
# leads, or undef and why not.
sub dial {
    my ($error, @all) = @_;
    return (undef, $error) if $error;
    my $why = 'no address';
    for my $at (@all) {
        socket(my $s, $at->{family}, SOCK_STREAM, IPPROTO_TCP) or next;
        fcntl($s, F_SETFL, O_NONBLOCK);
        my $ok = connect($s, $at->{addr});
        if (!$ok && $!{EINPROGRESS}) {
            vec(my $ready = '', fileno($s), 1) = 1;
            $! = select(undef, $ready, undef, $limit) ? unpack('i', getsockopt($s, SOL_SOCKET, SO_ERROR)) : POSIX::ETIMEDOUT();
            $ok = !($! + 0);
        }
        if ($ok) {
            fcntl($s, F_SETFL, 0);
            setsockopt($s, SOL_SOCKET, SO_RCVTIMEO, pack('l!l!', $limit, 0));
            return ($s, shown($at));
        }
        $why = shown($at) . ": $!";
    }
    return (undef, $why);
}

# outside HOST PORT: is the name known, is the port reached, and how large may a
# packet be on the way. The name 203.0.113.1 stands for anything out there.
sub outside {
    my ($host, $port) = @_;
    my $target = "$host:$port";
    my ($error, @all) = addresses($host, $port);
    answer('name', $target, $error ? "! $error" : join(' ', map { shown($_) } @all));
    my ($s, $said) = through($host, $port, $error, @all);
    answer('reach', $target, $s ? $said : "! $said");
    my ($first) = grep { $_->{family} == AF_INET } @all;
    answer('mtu', $target, mtu($first ? (unpack_sockaddr_in($first->{addr}))[1] : inet_aton('203.0.113.1')));
}

# through connects as programs do: by the proxy of the environment, if there is
# one for this host.
sub through {
    my ($host, $port, @found) = @_;
    my $proxy = $ENV{https_proxy} // $ENV{HTTPS_PROXY} // '';
    my $except = $ENV{no_proxy} // $ENV{NO_PROXY} // '';
    my $direct = grep { my $tail = s/^\*?\.//r; $_ eq '*' || $tail ne '' && ($host eq $tail || $host =~ /\.\Q$tail\E$/) } split /[\s,]+/, $except;
    return dial(@found) if $direct || $proxy !~ m{^(?:\w+://)?(?:[^@/]*@)?\[?([^/\]]+?)\]?(?::(\d+))?/?$};
    my ($at, $door) = ($1, $2 // 80);
    my ($s, $said) = dial(addresses($at, $door));
    return ($s, "proxy $at:$door: $said") if !$s;
    syswrite($s, "CONNECT $host:$port HTTP/1.1\r\nHost: $host:$port\r\n\r\n");
    sysread($s, my $line, 200) or return (undef, "proxy $at:$door does not answer");
    return ($s, "by proxy $at:$door") if $line =~ m{^HTTP/1\.\d 200};
    return (undef, "proxy $at:$door says " . (split /\r?\n/, $line)[0]);
}

# mtu gives the size of a packet at the first device, and what is left of it when
# one of full size, that nobody may cut, has been on its way.
sub mtu {
    my ($ip) = @_;
    my ($discover, $always, $known) = (10, 2, 14);    # IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU
    socket(my $s, AF_INET, SOCK_DGRAM, IPPROTO_UDP) or return "! $!";
    setsockopt($s, IPPROTO_IP, $discover, pack('i', $always));
    connect($s, pack_sockaddr_in(9, $ip)) or return "! $!";
    my $full = unpack('i', getsockopt($s, IPPROTO_IP, $known) // return "! $!");
    for (1 .. 2) {
        send($s, "\0" x ($full - 28), 0);             # the headers of IP and UDP
        select(undef, undef, undef, 0.1);             # a router tells at once, or never
    }
    return ($full, unpack('i', getsockopt($s, IPPROTO_IP, $known) // pack('i', $full)));
}

# serve PORT TOKEN SECONDS: everybody who comes gets the token and some packets
# of full size. It ends by itself, should nobody be left to end it.
sub serve {
    my ($port, $token, $life) = @_;
    alarm $life;
    socket(my $door, AF_INET, SOCK_STREAM, IPPROTO_TCP) or die $!;
    setsockopt($door, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($door, pack_sockaddr_in($port, INADDR_ANY)) or die $!;
    listen($door, 16) or die $!;
    while (accept(my $s, $door)) {
        setsockopt($s, SOL_SOCKET, SO_SNDTIMEO, pack('l!l!', $limit, 0));
        my $text = "$token " . 'x' x $size;
        while (length $text) {
            my $n = syswrite($s, $text) or last;
            substr($text, 0, $n, '');
        }
    }
}

# fetch HOST PORT TOKEN: all that a server sends. It may be about to start.
sub fetch {
    my ($host, $port, $token) = @_;
    my $end = seconds() + $limit;
    my ($said, $text);
    while (1) {
        (my $s, $said) = dial(addresses($host, $port));
        $text = '';
        while ($s) {
            my $n = sysread($s, $text, $size, length $text);
            $said = "$said: $!" if !defined $n;
            last if !$n;
        }
        # A proxy accepts before the server behind it listens.
        last if $text ne '' || seconds() > $end;
        select(undef, undef, undef, 0.03);
    }
    my $want = length("$token ") + $size;
    return answer('fetch', $host, "! $said") if $text eq '';
    return answer('fetch', $host, "! somebody else answers at $said") if index($text, "$token ") != 0;
    return answer('fetch', $host, "! of $want bytes " . length($text) . ' came: ' . $said) if length($text) != $want;
    return answer('fetch', $host, $said);
}

# store DIR TOKEN: how fast writes are that have reached the disk, and a file.
sub store {
    my ($dir, $token) = @_;
    my $one = sub {
        my ($name, $text) = @_;
        sysopen(my $out, "$dir/$name", O_WRONLY | O_CREAT | O_SYNC) or return "! $!";
        my ($began, $n) = (seconds(), 0);
        my $took = 0;
        while ($took < 0.4 && $n < 4096) {
            sysseek($out, $n % 64 * length $text, 0);
            (syswrite($out, $text) // return "! $!") == length $text or return '! no space left on device';
            $took = seconds() - $began;
            $n++;
        }
        unlink "$dir/$name";
        return ($n, $took || 1 / $ticks);
    };
    answer('writes', $one->('small', "\0" x 4096));
    answer('bulk', $one->('large', "\0" x 1048576));
    sysopen(my $out, "$dir/kept", O_WRONLY | O_CREAT | O_SYNC) or return answer('stored', "! $!");
    answer('stored', defined syswrite($out, $token) ? 'yes' : "! $!");
}

sub kept { answer('kept', text("$_[0]/kept") // "! $!") }

# limits: what the control group says, and what happens to one who takes more.
sub limits {
    my ($bytes) = @_;
    my $first = sub {
        for (@_) { my $t = text("/sys/fs/cgroup/$_"); return join(' ', split ' ', $t) if defined $t }
        return '! there is no such file in /sys/fs/cgroup';
    };
    answer('memory.max', $first->('memory.max', 'memory/memory.limit_in_bytes'));
    answer('cpu.max', $first->('cpu.max', 'cpu/cpu.cfs_quota_us'));
    my ($began, $user, $system) = POSIX::times();
    my ($now, $u, $s) = ($began);
    while ($now - $began < 0.6 * $ticks) {
        1 for 1 .. 5000;
        ($now, $u, $s) = POSIX::times();
    }
    answer('cpu', ($u + $s - $user - $system) / ($now - $began));
    my $child = fork() // return answer('memory', "! $!");
    if (!$child) {
        my $taken = 'x' x $bytes;
        POSIX::_exit(length($taken) == $bytes ? 0 : 1);
    }
    waitpid($child, 0);
    answer('memory', $? & 127 ? 'killed' : 'taken');
}
