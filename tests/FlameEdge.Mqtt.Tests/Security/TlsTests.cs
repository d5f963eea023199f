using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Identity;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>Who connects to whom over TLS, against a real broker that asks for certificates.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly TestIdentities identities = new();
    private Mosquitto? broker;

    private int Port => broker!.Port; // Set before every test.

    public async ValueTask InitializeAsync() =>
        broker = await Mosquitto.StartAsync(new MosquittoSetup { Tls = identities.Broker, AsksForCertificates = true });

    public async ValueTask DisposeAsync()
    {
        if (broker is not null)
        {
            await broker.DisposeAsync();
        }

        identities.Dispose();
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("3.1.1")]
    public async Task An_agent_with_a_certificate_of_the_brokers_authority_is_let_in(string protocol)
    {
        identities.Issue("alpha");
        var options = identities.OptionsOf("alpha", Port);
        options.Protocol = protocol;

        await using var session = await MqttSession.ConnectAsync(options, new AgentId("alpha"));

        await session.Bulletin.PostAsync(BulletinTopic.OfFleet(session.Agent, BulletinKind.Birth), "{}"u8.ToArray(), CancellationToken.None).WaitAsync(Seat.Bound);
        Assert.True(session.IsConnected);
    }

    [Fact]
    public Task A_broker_of_another_authority_is_not_trusted()
    {
        identities.Issue("alpha");
        PrivateAuthority.Create(identities["other"], TimeProvider.System);
        var options = identities.OptionsOf("alpha", Port);
        options.CaFile = identities["other/ca.pem"];

        return IsRefused(options, $"the broker at localhost:{Port} is not trusted: its certificate (CN=broker) is not signed by an authority in {options.CaFile}");
    }

    [Fact]
    public Task Without_an_authority_the_systems_are_asked_and_do_not_know_ours()
    {
        identities.Issue("alpha");
        var options = identities.OptionsOf("alpha", Port);
        options.CaFile = null;

        return IsRefused(options, "is not signed by an authority this system trusts: name the file of its authority");
    }

    [Fact]
    public Task A_missing_file_of_authorities_is_named()
    {
        identities.Issue("alpha");
        var options = identities.OptionsOf("alpha", Port);
        options.CaFile = identities["nowhere.pem"];

        return IsRefused(options, $"the authorities file {options.CaFile} cannot be read");
    }

    [Fact]
    public Task A_broker_under_a_name_its_certificate_does_not_carry_is_not_trusted()
    {
        identities.Issue("alpha");

        // The certificate names localhost, and not its address.
        return IsRefused(identities.OptionsOf("alpha", Port, "127.0.0.1"), "its certificate (CN=broker) is not for the host 127.0.0.1");
    }

    [Fact]
    public Task A_key_of_another_certificate_is_named()
    {
        identities.Issue("alpha");
        identities.Issue("beta");
        var options = identities.OptionsOf("alpha", Port);
        options.KeyFile = identities.FilesOf("beta").Key;

        return IsRefused(options, $"the key {options.KeyFile} does not belong to the certificate {options.CertificateFile}");
    }

    [Fact]
    public async Task An_expired_certificate_is_not_even_shown()
    {
        PrivateAuthority.Open(identities["identity"], TestIdentities.Past).Issue(new IdentityRequest("alpha"));
        var options = identities.OptionsOf("alpha", Port);

        await IsRefused(options, $"the certificate {options.CertificateFile} expired on");
    }

    [Fact]
    public async Task An_expired_certificate_of_the_broker_is_not_trusted()
    {
        identities.Issue("alpha");
        PrivateAuthority.Open(identities["identity"], TestIdentities.Past).Issue(new IdentityRequest("old-broker") { IsServer = true, Hosts = ["localhost"] });
        await using var old = await Mosquitto.StartAsync(new MosquittoSetup { Tls = identities.FilesOf("old-broker") });

        await IsRefused(identities.OptionsOf("alpha", old.Port), "and not now: have a new one issued");
    }

    [Fact]
    public Task A_client_certificate_is_no_servers()
    {
        identities.Issue("alpha");
        identities.Authority.Issue(new IdentityRequest("not-a-broker") { Hosts = ["localhost"] });
        return WithBrokerAsync("not-a-broker", port => IsRefused(identities.OptionsOf("alpha", port), "cannot be used for a server"));
    }

    [Fact]
    public Task A_broker_that_wants_a_certificate_says_so() =>
        IsRefused(identities.OptionsOf(null, Port), $"the broker at localhost:{Port} asks for a certificate");

    [Fact]
    public Task A_certificate_of_another_authority_is_refused_by_the_broker()
    {
        PrivateAuthority.Create(identities["other"], TimeProvider.System).Issue(new IdentityRequest("alpha"));
        var options = identities.OptionsOf(null, Port);
        options.CertificateFile = identities["other/issued/alpha.pem"];
        options.KeyFile = identities["other/issued/alpha.key"];

        return IsRefused(options, $"the broker at localhost:{Port} refuses the certificate {options.CertificateFile}");
    }

    [Fact]
    public async Task A_rotated_certificate_is_taken_up_without_losing_the_session()
    {
        using var log = new TestLog();
        var former = identities.Issue("alpha");
        var options = identities.OptionsOf("alpha", Port);
        options.CredentialsCheck = TimeSpan.FromMilliseconds(100);
        await using var observer = await MqttSession.ConnectAsync(identities.OptionsOf(identities.Issued("observer"), Port), new AgentId("observer"));
        await using var session = await MqttSession.ConnectAsync(options, new AgentId("alpha"), loggers: log);
        var signs = observer.Bulletin.WatchAsync(BulletinTopic.OfFleet(session.Agent, BulletinKind.Alive), TestContext.Current.CancellationToken).GetAsyncEnumerator();
        Assert.Equal((session.SessionId, 1, AliveNote.Online), await NextSignAsync(signs));

        var replaced = identities.Authority.Rotate("alpha", TimeSpan.FromDays(1));

        // The same session with another connection, and never lost in between: a good-bye on purpose brings no will.
        Assert.Equal((session.SessionId, 2, AliveNote.Online), await NextSignAsync(signs));
        await log.UntilAsync(line => line.Contains("the connections are renewed", StringComparison.Ordinal));
        Assert.Equal(former.Certificate, replaced.CertificateFile);
        await session.Bulletin.PostAsync(BulletinTopic.OfFleet(session.Agent, BulletinKind.Event), "{}"u8.ToArray(), CancellationToken.None).WaitAsync(Seat.Bound);
        await signs.DisposeAsync();
    }

    [Fact]
    public async Task A_rotation_that_went_wrong_keeps_the_connection()
    {
        using var log = new TestLog();
        var files = identities.Issue("alpha");
        var options = identities.OptionsOf("alpha", Port);
        options.CredentialsCheck = TimeSpan.FromMilliseconds(50);
        await using var session = await MqttSession.ConnectAsync(options, new AgentId("alpha"), loggers: log);

        await File.WriteAllTextAsync(files.Key, "no key at all");
        await log.UntilAsync(line => line.Contains("The present connections are kept", StringComparison.Ordinal));

        Assert.True(session.IsConnected);
        await session.Bulletin.PostAsync(BulletinTopic.OfFleet(session.Agent, BulletinKind.Event), "{}"u8.ToArray(), CancellationToken.None).WaitAsync(Seat.Bound);
    }

    [Fact]
    public void Half_of_a_certificate_and_a_certificate_without_tls_are_refused_before_anything_is_sent()
    {
        var files = identities.Issue("alpha");
        IsRefusedAtOnce(options => options.KeyFile = null, "a certificate and its key go together");
        IsRefusedAtOnce(options => options.Broker = new Uri("mqtt://localhost:1"), $"{files.Certificate} is of no use without TLS");
        IsRefusedAtOnce(options => options.Protocol = "4", "'4' is no version of MQTT: write auto, 5 or 3.1.1");
    }

    private static async Task<(string Session, long Connection, string State)> NextSignAsync(IAsyncEnumerator<Bulletin> signs)
    {
        Assert.True(await signs.MoveNextAsync().AsTask().WaitAsync(Seat.Bound));
        var sign = PresenceJson.ReadAlive(signs.Current.Json.ToArray())!; // Only agents write life signs here.
        return (sign.Session, sign.Connection, sign.State);
    }

    private void IsRefusedAtOnce(Action<MqttOptions> spoil, string message)
    {
        var options = identities.OptionsOf("alpha", 1);
        spoil(options);
        var start = MqttSession.ConnectAsync(options, new AgentId("alpha"));
        Assert.True(start.IsFaulted);
        Assert.Contains(message, start.Exception!.InnerException!.Message, StringComparison.Ordinal); // It is faulted.
    }

    private static async Task IsRefused(MqttOptions options, string message)
    {
        var failure = await Assert.ThrowsAsync<ChannelException>(() => MqttSession.ConnectAsync(options, new AgentId("alpha")).WaitAsync(Seat.Bound));

        Assert.Equal(ChannelFault.BrokerUnreachable, failure.Fault);
        Assert.True(failure.Message.Contains(message, StringComparison.Ordinal), failure.ToString());
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    private async Task WithBrokerAsync(string name, Func<int, Task> test)
    {
        await using var other = await Mosquitto.StartAsync(new MosquittoSetup { Tls = identities.FilesOf(name) });
        await test(other.Port);
    }
}
