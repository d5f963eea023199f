using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Mqtt.Direct;
using FlameEdge.Mqtt.Metering;
using FlameEdge.Mqtt.Tests.Security;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Which way packets take between agents, and who is let in.</summary>
[Collection(nameof(BrokerContract))]
public sealed class DirectPathTests : IAsyncLifetime
{
    private const int Size = 3_000_000;
    private static readonly CancellationToken Never = CancellationToken.None;
    private readonly TestLog log = new();
    private readonly List<Guest> guests = [];

    // What the guests still need when they take their leave.
    private readonly List<IAsyncDisposable> kept = [];
    private EmbeddedBroker? broker;

    private Uri Broker => broker!.Uri;

    public async ValueTask InitializeAsync() => broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions());

    public async ValueTask DisposeAsync()
    {
        foreach (var guest in guests)
        {
            await guest.Seat.DisposeAsync();
            await guest.Session.DisposeAsync();
        }

        foreach (var each in kept)
        {
            await each.DisposeAsync();
        }

        await broker!.DisposeAsync();
        Assert.Empty(log.Errors);
    }

    [Fact]
    public async Task A_models_bytes_do_not_pass_the_broker()
    {
        var relay = Kept(BrokerRelay.Start(Broker));
        var (aggregator, trainer) = await MeetAsync(options => options.Broker = relay.Uri);

        await ExchangeAsync(aggregator, trainer);

        // Not even the offers and receipts; presence does.
        Assert.Equal(0, DataOf(relay));
        Assert.Contains(relay.Bytes, kind => kind.Key.Name == "here" && kind.Value > 0);
        Assert.InRange(trainer.Session.DirectTraffic.Received, Size, Size + 100_000);
    }

    [Fact]
    public async Task Who_cannot_be_reached_is_served_by_the_broker_and_that_is_told_once()
    {
        var relay = Kept(BrokerRelay.Start(Broker));
        var closed = FreePort();
        var (aggregator, trainer) = await MeetAsync(options => (options.Broker, options.Direct.Announce) = (relay.Uri, $"127.0.0.1:{closed}"));

        await ExchangeAsync(aggregator, trainer);
        await ExchangeAsync(aggregator, trainer);

        // To the broker and from it, there and back, twice.
        Assert.InRange(DataOf(relay), 2 * 2 * 2 * Size, long.MaxValue);
        Assert.Equal(2, log.Warnings.Count(line => line.Contains("goes over the broker", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Whoever_can_connect_opens_the_way_for_both()
    {
        var relay = Kept(BrokerRelay.Start(Broker));
        var closed = FreePort();
        var (aggregator, trainer) = await MeetAsync(options => options.Broker = relay.Uri, ofTrainer: options => options.Direct.Announce = $"127.0.0.1:{closed}");
        await SendAsync(trainer, Fleet.Aggregator, 1);
        await aggregator.Seat.ReceivesAsync(1);
        var before = DataOf(relay);

        await SendAsync(aggregator, Fleet.Trainer(0), 2);
        await trainer.Seat.ReceivesAsync(1);

        Assert.Equal(before, DataOf(relay));
    }

    [Fact]
    public async Task A_cable_cut_in_the_middle_of_a_model_costs_the_missing_chunks_alone()
    {
        const int Large = 20_000_000;
        var port = FreePort();
        var cable = Kept(new TcpProxy(() => port));
        var (aggregator, trainer) = await MeetAsync(
            options =>
            {
                options.Transfer.WindowBytes = 1024 * 1024;
                options.Transfer.StallAfter = TimeSpan.FromSeconds(5); // A busy machine pauses for longer than a second, and what is then asked for twice was not lost with the cable.
            },
            ofAggregator: options => ListenBehind(options, port, cable));
        var sending = SendAsync(trainer, Fleet.Aggregator, 3, Large);
        while (((IMeteredChannel)aggregator.Seat.Channel).Traffic.Received < Large / 4)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, Never);
        }

        cable.Cut();

        await sending;
        await aggregator.Seat.ReceivesAsync(1);
        Assert.Equal(Bytes(3, Large), Assert.Single(aggregator.Seat.Messages).Body);

        // Lost with the cable: what was on it. Headers and answers come on top.
        Assert.InRange(((IMeteredChannel)trainer.Seat.Channel).Traffic.Sent - Large, 1, 3_000_000);
    }

    [Fact]
    public async Task A_frozen_connection_stops_nobody_else()
    {
        var fleet = new Fleet(2);
        var port = FreePort();
        var cable = Kept(new TcpProxy(() => port));
        var aggregator = await SitAsync(fleet.AggregatorEnd(), Impatient);
        var stuck = await SitAsync(fleet.TrainerEnd(0), options =>
        {
            Impatient(options);
            ListenBehind(options, port, cable);
        });
        var other = await SitAsync(fleet.TrainerEnd(1), Impatient);
        await aggregator.Seat.MeetsAsync(Fleet.Trainer(0), Fleet.Trainer(1));
        await SendAsync(aggregator, Fleet.Trainer(0), 1, 1000);
        cable.Freeze(staysDown: true);

        var late = SendAsync(aggregator, Fleet.Trainer(0), 2);
        for (var round = 0; round < 3; round++)
        {
            await SendAsync(aggregator, Fleet.Trainer(1), 10 + round);
        }

        Assert.False(late.IsCompleted);
        await other.Seat.ReceivesAsync(3);

        // The connection is given up; another, or the broker, steps in.
        await late;
        await stuck.Seat.ReceivesAsync(2);
    }

    [Fact]
    public async Task A_certificate_that_no_presence_announces_is_turned_away()
    {
        var (aggregator, trainer) = await MeetAsync();

        await KnockAsync(aggregator, trainer, SelfSigned("device-0"));

        await log.UntilAsync(line => line.Contains("turned away", StringComparison.Ordinal));
        Assert.Contains(log.Warnings, line => line.Contains("its certificate is not the one its presence announces", StringComparison.Ordinal));
        await ExchangeAsync(aggregator, trainer);
    }

    [Fact]
    public async Task An_agent_of_no_channel_here_is_turned_away()
    {
        var (aggregator, trainer) = await MeetAsync();

        await KnockAsync(aggregator, trainer, SelfSigned("somebody"), "somebody");

        await log.UntilAsync(line => line.Contains("it is no agent of a channel here", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0xFFFFFFFFu)]
    [InlineData(1u)]
    public async Task A_stranger_that_announces_a_senseless_length_is_hung_up_on(uint length)
    {
        var (aggregator, trainer) = await MeetAsync();
        await using var connection = await ConnectAsync(aggregator, SelfSigned("device-0"));

        await connection.WriteAsync(new byte[] { (byte)length, (byte)(length >> 8), (byte)(length >> 16), (byte)(length >> 24), 10, 0 }, Never);

        Assert.True(await IsHungUpAsync(connection));
        await ExchangeAsync(aggregator, trainer);
    }

    [Fact]
    public async Task Agents_with_identities_believe_each_other_by_their_authority_alone()
    {
        using var identities = new TestIdentities();
        using var others = new TestIdentities();
        var secured = Kept(await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { CaFile = identities.CaFile, CertificateFile = identities.Broker.Certificate, KeyFile = identities.Broker.Key }));
        var fleet = new Fleet(1);
        var aggregator = await SitAsync(fleet.AggregatorEnd(), identities.OptionsOf(identities.Issued("hub"), secured.Port));
        var trainer = await SitAsync(fleet.TrainerEnd(0), identities.OptionsOf(identities.Issued("device-0"), secured.Port));
        await aggregator.Seat.MeetsAsync(Fleet.Trainer(0));
        await trainer.Seat.MeetsAsync(Fleet.Aggregator);

        await ExchangeAsync(aggregator, trainer);
        Assert.InRange(trainer.Session.DirectTraffic.Received, Size, long.MaxValue);
        Assert.Empty(log.Warnings);

        await KnockAsync(aggregator, trainer, Of(identities.Issue("device-9")));
        await log.UntilAsync(line => line.Contains("it says it is device-0: its certificate (CN=device-9) is another agent's", StringComparison.Ordinal));
        await KnockAsync(aggregator, trainer, Of(others.Issue("device-0")));
        await log.UntilAsync(line => line.Contains("turned away", StringComparison.Ordinal) && !line.Contains("device-9", StringComparison.Ordinal));
        await KnockAsync(aggregator, trainer, SelfSigned("device-0"));
        await ExchangeAsync(aggregator, trainer);
    }

    private static void Impatient(MqttOptions options) => (options.Direct.HeartbeatEvery, options.Direct.SilentAfter) = (TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(2));

    private static void ListenBehind(MqttOptions options, int port, TcpProxy cable) =>
        (options.Direct.FirstPort, options.Direct.LastPort, options.Direct.Announce) = (port, port, $"127.0.0.1:{cable.Port}");

    private static long DataOf(BrokerRelay relay) => relay.Bytes.Where(kind => kind.Key.Name == "data").Sum(kind => kind.Value);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static Task SendAsync(Guest from, WorkerId to, int seed, int length = Size) =>
        from.Seat.Channel.SendAsync(to, new Message { Kind = MessageKind.User, Round = seed, Body = new ReadOnlySequence<byte>(Bytes(seed, length)) }, Never).WaitAsync(Seat.Bound);

    private static async Task ExchangeAsync(Guest aggregator, Guest trainer)
    {
        var (up, down) = (aggregator.Seat.Messages.Count(), trainer.Seat.Messages.Count());
        await aggregator.Seat.Channel.BroadcastAsync(new Message { Kind = MessageKind.Model, Body = new ReadOnlySequence<byte>(Bytes(up, Size)) }, 1, Never).WaitAsync(Seat.Bound);
        await SendAsync(trainer, Fleet.Aggregator, down);
        await aggregator.Seat.ReceivesAsync(up + 1);
        await trainer.Seat.ReceivesAsync(down + 1);
        Assert.Equal(Bytes(up, Size), trainer.Seat.Messages.Last().Body);
        Assert.Equal(Bytes(down, Size), aggregator.Seat.Messages.Last().Body);
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static X509Certificate2 Of(TlsFiles files) => X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);

    /// <summary>Connects to an agent with a certificate, greets in an agent's name with what anybody can read of its presence, and sees that it is hung up on.</summary>
    private static async Task KnockAsync(Guest at, Guest pretended, X509Certificate2 certificate, string name = "device-0")
    {
        await using var connection = await ConnectAsync(at, certificate);
        var greeting = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new AliveNote(pretended.Session.SessionId, 1, AliveNote.Online), PresenceJson.Default.AliveNote);
        var head = new byte[PeerFrame.HeaderBytes + PeerFrame.LongestTopic];
        var length = PeerFrame.WriteHead(head, new TopicScheme("flameedge").Alive(new AgentId(name)), greeting.Length);
        try
        {
            await connection.WriteAsync(head.AsMemory(0, length), Never);
            await connection.WriteAsync(greeting, Never);
        }
        catch (IOException)
        {
            // Hung up on already.
        }

        Assert.True(await IsHungUpAsync(connection));
    }

    private static async Task<SslStream> ConnectAsync(Guest at, X509Certificate2 certificate)
    {
        using (certificate)
        {
            var address = await at.Session.Direct.ListenAsync(Never);
            var client = new TcpClient();
            await client.ConnectAsync(address!.Host, address.Port);
            var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false);
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "hub",
                ClientCertificates = [certificate],
                EnabledSslProtocols = SslProtocols.None,
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is X509Certificate2 found && (address.Fingerprint is not { } announced || announced == found.GetCertHashString(HashAlgorithmName.SHA256)),
            });
            return stream;
        }
    }

    private static async Task<bool> IsHungUpAsync(SslStream connection)
    {
        try
        {
            return await connection.ReadAsync(new byte[1]).AsTask().WaitAsync(Seat.Bound) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private async Task<(Guest Aggregator, Guest Trainer)> MeetAsync(Action<MqttOptions>? ofBoth = null, Action<MqttOptions>? ofAggregator = null, Action<MqttOptions>? ofTrainer = null)
    {
        var fleet = new Fleet(1);
        var aggregator = await SitAsync(fleet.AggregatorEnd(), options => (ofBoth + ofAggregator)?.Invoke(options));
        var trainer = await SitAsync(fleet.TrainerEnd(0), options => (ofBoth + ofTrainer)?.Invoke(options));
        await aggregator.Seat.MeetsAsync(Fleet.Trainer(0));
        await trainer.Seat.MeetsAsync(Fleet.Aggregator);
        return (aggregator, trainer);
    }

    private T Kept<T>(T needed)
        where T : IAsyncDisposable
    {
        kept.Add(needed);
        return needed;
    }

    private Task<Guest> SitAsync(ChannelEndpoint end, Action<MqttOptions> configure)
    {
        var options = new MqttOptions { Broker = Broker };
        options.Transfer.ChunkBytes = 64 * 1024;
        configure(options);
        return SitAsync(end, options);
    }

    private async Task<Guest> SitAsync(ChannelEndpoint end, MqttOptions options)
    {
        var session = await MqttSession.ConnectAsync(options, end.Agent, loggers: log);
        var guest = new Guest(session, await Seat.TakeAsync(new MqttChannelBackend(session, isDirect: true), end));
        guests.Add(guest);
        return guest;
    }

    private sealed record Guest(MqttSession Session, Seat Seat);
}
