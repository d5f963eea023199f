using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Access;
using FlameEdge.Mqtt.Identity;
using FlameEdge.Testing.Channels;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>The generated access list at a real mosquitto with mutual TLS.</summary>
public sealed class MosquittoAccessTests : AccessContract
{
    private Mosquitto? broker;

    private protected override async Task<int> StartAsync()
    {
        var list = Identities["acl"];
        await File.WriteAllTextAsync(list, AccessWriters.All["mosquitto"].Write(Rules));
        broker = await Mosquitto.StartAsync(new MosquittoSetup { Tls = Identities.Broker, AsksForCertificates = true, AclFile = list });
        return broker.Port;
    }

    private protected override Task StopAsync() => broker?.DisposeAsync().AsTask() ?? Task.CompletedTask;
}

/// <summary>The same rights given to a running mosquitto by its dynamic security plugin.</summary>
public sealed class DynamicSecurityTests : AccessContract
{
    // What mosquitto_ctrl dynsec init leaves behind: an administrator, and nobody else may do anything. The observer is no user of ours.
    private const string Administrator = """
        {
          "defaultACLAccess": { "publishClientSend": false, "publishClientReceive": false, "subscribe": false, "unsubscribe": true },
          "clients": [ { "username": "admin", "roles": [ { "rolename": "admin" } ] } ],
          "roles": [ { "rolename": "admin", "acls": [
            { "acltype": "publishClientSend", "topic": "$CONTROL/dynamic-security/#", "allow": true },
            { "acltype": "publishClientReceive", "topic": "$CONTROL/dynamic-security/#", "allow": true },
            { "acltype": "subscribePattern", "topic": "$CONTROL/dynamic-security/#", "allow": true } ] } ]
        }
        """;

    private Mosquitto? broker;

    [Fact]
    public async Task Applying_the_same_rights_again_changes_nothing_and_fails_nowhere()
    {
        var report = await DynamicSecurity.ApplyAsync(Identities.OptionsOf("admin", broker!.Port), "admin", Rules, CancellationToken.None); // Set before every test.

        Assert.Empty(report);
    }

    private protected override async Task<int> StartAsync()
    {
        Identities.Issue("admin");
        var file = Identities["dynamic-security.json"];
        await File.WriteAllTextAsync(file, Administrator);
        const string Plugin = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so";
        Assert.SkipUnless(File.Exists(Plugin), "mosquitto has no dynamic security plugin here");
        broker = await Mosquitto.StartAsync(new MosquittoSetup { Tls = Identities.Broker, AsksForCertificates = true, DynamicSecurity = (Plugin, file) });
        Assert.Empty(await DynamicSecurity.ApplyAsync(Identities.OptionsOf("admin", broker.Port), "admin", Rules, CancellationToken.None));
        return broker.Port;
    }

    private protected override Task StopAsync() => broker?.DisposeAsync().AsTask() ?? Task.CompletedTask;
}

/// <summary>The very same rights at the embedded broker.</summary>
public sealed class EmbeddedAccessTests : AccessContract
{
    private EmbeddedBroker? broker;

    [Fact]
    public async Task Nobody_takes_anothers_client_id()
    {
        await using var thief = await ConnectAsync("attacker", clientId: "victim");

        Assert.False(thief.IsConnected);
    }

    private protected override async Task<int> StartAsync()
    {
        var list = Identities["access.json"];
        await File.WriteAllTextAsync(list, AccessWriters.All["embedded"].Write(Rules));
        broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions
        {
            CaFile = Identities.CaFile,
            CertificateFile = Identities.Broker.Certificate,
            KeyFile = Identities.Broker.Key,
            Access = AccessList.Read(list),
        });
        return broker.Port;
    }

    private protected override Task StopAsync() => broker?.DisposeAsync().AsTask() ?? Task.CompletedTask;
}

/// <summary>The same rights at the embedded broker for users with passwords, in the place of certificates.</summary>
public sealed class EmbeddedPasswordTests : AccessContract
{
    private EmbeddedBroker? broker;

    private protected override bool HasPasswords => true;

    [Theory]
    [InlineData("victim", "attacker's")]
    [InlineData("victim", "")]
    [InlineData("nobody", "victim's")]
    public async Task A_password_that_is_not_the_users_own_lets_nobody_in(string user, string password)
    {
        await File.WriteAllTextAsync(Identities[user], password);
        await using var thief = await ConnectAsync(user);

        Assert.False(thief.IsConnected);
    }

    [Fact]
    public async Task Who_has_a_certificate_needs_no_password_and_who_has_neither_is_nobody()
    {
        await using var shows = await AccessBench.ConnectAsync(Identities.OptionsOf("victim", broker!.Port), "victim", Version); // Set before every test.
        await using var shy = await AccessBench.ConnectAsync(Identities.OptionsOf(null, broker.Port), "victim", Version);

        Assert.Equal((true, false), (shows.IsConnected, shy.IsConnected));
    }

    [Fact]
    public async Task A_changed_password_holds_from_the_next_connect_on()
    {
        await using (var former = await ConnectAsync("victim"))
        {
            Assert.True(former.IsConnected);
        }

        new PasswordBook(Identities["passwords"]).Set("victim", "another");
        await using var late = await ConnectAsync("victim");
        await File.WriteAllTextAsync(Identities["victim"], "another");
        await using var told = await ConnectAsync("victim");

        Assert.Equal((false, true), (late.IsConnected, told.IsConnected));
    }

    [Theory]
    [InlineData("victim")]
    [InlineData("victim:secret")]
    [InlineData("victim:$6$aaaa$bbbb")]
    [InlineData("victim:$7$0$aaaa$bbbb")]
    [InlineData("victim:$7$1$?$?")]
    public async Task A_file_that_holds_something_else_is_refused_at_the_start(string line)
    {
        await File.WriteAllTextAsync(Identities["bad"], line);

        var failure = await Assert.ThrowsAsync<ChannelException>(() => EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { PasswordFile = Identities["bad"] }));

        Assert.Contains($"{Identities["bad"]}:1 is no NAME:", failure.Message, StringComparison.Ordinal);
    }

    private protected override async Task<int> StartAsync()
    {
        var book = new PasswordBook(Identities["passwords"]);
        foreach (var user in Rules.Users)
        {
            await File.WriteAllTextAsync(Identities[user.User], $"{user.User}'s\n");
            book.Set(user.User, $"{user.User}'s");
        }

        broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions
        {
            CaFile = Identities.CaFile,
            CertificateFile = Identities.Broker.Certificate,
            KeyFile = Identities.Broker.Key,
            PasswordFile = Identities["passwords"],
            Access = Rules,
        });
        return broker.Port;
    }

    private protected override Task StopAsync() => broker?.DisposeAsync().AsTask() ?? Task.CompletedTask;
}

/// <summary>The rights given to a running RabbitMQ by its management plugin, to users that show certificates.</summary>
[Collection(nameof(SharedRabbitMq))]
public sealed class RabbitMqAccessTests(SharedRabbitMq rabbit) : AccessContract
{
    private protected override TestIdentities Identities => rabbit.Identities;

    private protected override bool IsShared => true;

    private protected override MqttProtocolVersion Version => MqttProtocolVersion.V311;

    [Fact]
    public async Task An_administrator_with_another_password_is_told_so()
    {
        var failure = await Assert.ThrowsAsync<ChannelException>(() => rabbit.ApplyAsync(Rules, "guess"));

        Assert.Matches("^RabbitMQ's management at http://127.0.0.1:.* gives no rights \\(it refuses guest: use a user with the tag administrator, and its password file\\)$", failure.Message);
    }

    [Fact]
    public async Task Rights_that_are_taken_away_are_gone_at_the_next_connect()
    {
        await rabbit.ApplyAsync(new([.. Rules.Users.Where(user => user.User != "victim"), new UserAccess("victim", ["flameedge/fleet/victim/event"], [])]));
        await using var observer = await ConnectAsync("observer");
        await observer.SubscribeAsync("#");

        await using (var victim = await ConnectAsync("victim"))
        {
            await victim.PublishAsync("flameedge/fleet/victim/state", "no more");
        }

        await using var again = await ConnectAsync("victim");
        await again.PublishAsync("flameedge/fleet/victim/event", "still");
        await observer.UntilAsync("still");
        Assert.DoesNotContain(observer.Received, message => message.Text == "no more");
    }

    private protected override async Task<int> StartAsync()
    {
        Assert.Empty(await rabbit.ApplyAsync(Rules));
        return rabbit.Node!.TlsPort; // Started by the fixture.
    }

    private protected override Task StopAsync() => Task.CompletedTask;
}

/// <summary>The rights read by a running NATS server, whose users are certificates' subjects.</summary>
public sealed class NatsAccessTests : AccessContract
{
    private NatsServer? broker;

    private protected override MqttProtocolVersion Version => MqttProtocolVersion.V311;

    private protected override async Task<int> StartAsync()
    {
        broker = await NatsServer.StartAsync(Identities.Broker);
        await broker.ReloadAsync(AccessWriters.All["nats"].Write(Rules));
        return broker.Port;
    }

    private protected override Task StopAsync() => broker?.DisposeAsync().AsTask() ?? Task.CompletedTask;
}
