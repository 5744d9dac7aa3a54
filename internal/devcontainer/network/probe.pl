# Asks the network what sh cannot: perl -e PROGRAM QUESTION... Each question is
# one argument, its words parted by blanks; all are asked at once. Each answer is
# one line that begins with the question. Needs only what perl-base has.
#   dns SERVER NAME   an A record of a server, by UDP: a response code and addresses, or ! and why
#   to HOST PORT      a connection by TCP: ok and the address, or ! and why
#   mtu ADDRESS       the largest packet at the first device, and after one of that size went out
use strict;
use warnings;
use Fcntl;
use Socket qw(:DEFAULT :addrinfo IPPROTO_IP IPPROTO_UDP);

$| = 1;
$ENV{RES_OPTIONS} = 'timeout:1 attempts:1';
my $limit = 0.9;
my %verbs = (dns => \&dns, to => \&to, mtu => \&mtu);
my %asked;
for my $question (@ARGV) {
    my $child = fork;
    if ($child) { $asked{$child} = $question; next }
    my ($verb, @words) = split / /, $question;
    answer($question, $verbs{$verb}->(@words));
    exit;
}
# Names of the system may take longer: a second for each of its servers.
for (1 .. 70) {
    while ((my $done = waitpid(-1, 1)) > 0) { delete $asked{$done} }    # WNOHANG
    last if !%asked;
    select(undef, undef, undef, 0.02);
}
kill 'KILL', keys %asked;
answer($_, '! no answer') for values %asked;

sub answer { syswrite(STDOUT, join(' ', @_) . "\n") }

sub addresses {
    my ($host, $port, $type, $flags) = @_;
    my ($error, @all) = getaddrinfo($host, $port, {socktype => $type, flags => $flags});
    return ("$error") if $error;
    return ('', sort { ($a->{family} != AF_INET) <=> ($b->{family} != AF_INET) } @all);
}

sub dns {
    my ($server, $name) = @_;
    my ($error, $at) = addresses($server, 53, SOCK_DGRAM, AI_NUMERICHOST);
    return "! $error" if $error;
    socket(my $s, $at->{family}, SOCK_DGRAM, 0) or return "! $!";
    connect($s, $at->{addr}) or return "! $!";
    my $id = 1 + int rand 65535;
    my $ask = pack('n6', $id, 0x100, 1, 0, 0, 0) . join('', map { pack('C/a*', $_) } split /\./, $name) . pack('C n2', 0, 1, 1);
    for (1 .. 2) {
        defined send($s, $ask, 0) or return "! $!";
        vec(my $ready = '', fileno($s), 1) = 1;
        next if !select($ready, undef, undef, $limit / 2);
        defined recv($s, my $got, 1500, 0) or return "! $!";
        next if length($got) < 12 || unpack('n', $got) != $id;
        return records($got);
    }
    return '! no answer';
}

sub records {
    my ($got) = @_;
    my (undef, $flags, $asked, $answers) = unpack('n4', $got);
    my $code = $flags & 15;
    my $word = (qw(NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED))[$code] // "RCODE$code";
    my ($at, @found) = (12);
    my $skip = sub {
        while ($at < length $got) {
            my $n = ord substr($got, $at, 1);
            if ($n >= 192) { $at += 2; return }
            $at += $n + 1;
            return if !$n;
        }
    };
    for (1 .. $asked) { $skip->(); $at += 4 }
    for (1 .. $answers) {
        $skip->();
        last if $at + 10 > length $got;
        my ($type, undef, undef, $size) = unpack('n2Nn', substr($got, $at, 10));
        push @found, inet_ntoa(substr($got, $at + 10, 4)) if $type == 1 && $size == 4 && $at + 14 <= length $got;
        $at += 10 + $size;
    }
    return join ' ', $word, @found;
}

# inside is the address of a name as it is known in PLACE, the root of another
# process, whose network this is. Programs of this machine would ask its servers.
sub inside {
    my ($host) = @_;
    my $root = $ENV{PLACE} or return $host;
    return $host if $host =~ /^[\d.]+$|:/;
    my $text = sub { open(my $in, '<', "$root/etc/$_[0]") or return ''; local $/; scalar(<$in>) // '' };
    for (split /\n/, $text->('hosts')) {
        my ($at, @names) = split ' ', s/#.*//r;
        return $at if grep { $_ eq $host } @names;
    }
    for ($text->('resolv.conf') =~ /^\s*nameserver\s+(\S+)/mg) {
        return $1 if dns($_, $host) =~ /^NOERROR (\S+)/;
    }
    return "$host.invalid";
}

sub to {
    my ($host, $port) = @_;
    my ($error, @all) = addresses(inside($host), $port, SOCK_STREAM, 0);
    return "! $error" if $error;
    my $why = 'no address';
    for my $at (@all[0 .. ($#all < 1 ? $#all : 1)]) {
        socket(my $s, $at->{family}, SOCK_STREAM, 0) or next;
        fcntl($s, F_SETFL, O_NONBLOCK);
        my $ok = connect($s, $at->{addr});
        if (!$ok && $!{EINPROGRESS}) {
            vec(my $ready = '', fileno($s), 1) = 1;
            $! = select(undef, $ready, undef, $limit) ? unpack('i', getsockopt($s, SOL_SOCKET, SO_ERROR)) : 110;
            $ok = !($! + 0);
        }
        my ($wrong, $shown) = getnameinfo($at->{addr}, NI_NUMERICHOST, NIx_NOSERV);
        return "ok $shown" if $ok;
        $why = "$shown: $!";
    }
    return "! $why";
}

sub mtu {
    my ($ip) = @_;
    my ($discover, $always, $known) = (10, 2, 14);    # IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU
    socket(my $s, AF_INET, SOCK_DGRAM, IPPROTO_UDP) or return "! $!";
    setsockopt($s, IPPROTO_IP, $discover, pack('i', $always));
    connect($s, pack_sockaddr_in(9, inet_aton($ip))) or return "! $!";
    my $full = unpack('i', getsockopt($s, IPPROTO_IP, $known) // return "! $!");
    for (1 .. 2) {
        send($s, "\0" x ($full - 28), 0);             # the headers of IP and UDP
        select(undef, undef, undef, 0.1);             # a router tells at once, or never
    }
    return join ' ', $full, unpack('i', getsockopt($s, IPPROTO_IP, $known) // pack('i', $full));
}
