using FlameEdge.Mqtt.Access;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>With the generated rules nobody can do more than its part. Judged by what an unrestricted observer is sent, and by what the attacker is not.</summary>
public abstract class AccessContract : IAsyncLifetime
{
    // Everybody in it; the broker's own is issued with the authority.
    private static readonly string[] Everybody = ["attacker", "victim", "top", "boss", "desk", "observer"];

    // The victim's job is not the attacker's own; the aggregator of both their jobs stays on "top".
    private static readonly AccessAttacks Attacks = new("attacker", "victim", "boss", "desk", "mine", "theirs");

    private static readonly IReadOnlyList<(string Filter, string Topic)> Reads =
    [
        .. Attacks.Reads,
        ("flameedge/data/mine/param/default/+/+/aggregator_0", "flameedge/data/mine/param/default/victim/trainer_1/aggregator_0"),
    ];

    private protected virtual TestIdentities Identities { get; } = new();

    /// <summary>True where the identities outlive a test.</summary>
    private protected virtual bool IsShared => false;

    /// <summary>True where users give passwords and show no certificates.</summary>
    private protected virtual bool HasPasswords => false;

    private protected virtual MqttProtocolVersion Version => MqttProtocolVersion.V500;

    private protected AccessList Rules { get; private set; } = new([]);

    private int port;

    public async ValueTask InitializeAsync()
    {
        foreach (var name in Everybody.Where(name => !File.Exists(Identities.FilesOf(name).Certificate)))
        {
            Identities.Issue(name);
        }

        Rules = AccessRules.For(new AccessRequest
        {
            Agents = [new("attacker"), new("victim"), new("top")],
            Controllers = [new("boss")],
            Operators = [new("desk")],
            Jobs = [AccessJobs.Mine],
        });
        Rules = new([.. Rules.Users, new UserAccess("observer", ["#"], ["#"])]);
        port = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (!IsShared)
        {
            Identities.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    private protected abstract Task<int> StartAsync();

    private protected abstract Task StopAsync();

    [Fact]
    public async Task Nothing_an_agent_writes_under_another_name_or_above_its_part_arrives()
    {
        await using var observer = await ConnectAsync("observer");
        await observer.SubscribeAsync("#");

        foreach (var topic in Attacks.Writes)
        {
            await AttemptAsync(topic, "forged", retain: false);
            await AttemptAsync(topic, "forged", retain: true);
            await AttemptAsync("flameedge/fleet/attacker/event", $"after {topic}", retain: false);
            await observer.UntilAsync($"after {topic}");
        }

        Assert.DoesNotContain(observer.Received, message => message.Text == "forged");
        await using var late = await ConnectAsync("observer", "observer_bulk");
        foreach (var filter in Attacks.Writes.Append("#"))
        {
            await late.SubscribeAsync(filter);
        }

        await observer.PublishAsync("a/b", "after");
        await late.UntilAsync("after");
        Assert.DoesNotContain(late.Received, message => message.Text == "forged");
    }

    private protected Task<AccessBench> ConnectAsync(string user, string? clientId = null, (string Topic, string Text)? will = null) =>
        AccessBench.ConnectAsync(OptionsOf(user), user, Version, clientId, will);

    /// <summary>With a certificate; or with the password in the file of the user's name.</summary>
    private MqttOptions OptionsOf(string user)
    {
        var options = Identities.OptionsOf(HasPasswords ? null : user, port);
        options.PasswordFile = HasPasswords ? Identities[user] : null;
        return options;
    }

    /// <summary>A connection for each: mosquitto ends one that was refused, and a further attempt on it would prove nothing.</summary>
    private async Task AttemptAsync(string topic, string text, bool retain)
    {
        await using var attacker = await ConnectAsync("attacker");
        await attacker.PublishAsync(topic, text, retain);
    }

    [Fact]
    public async Task Nothing_an_agent_may_not_read_reaches_it_retained_or_not()
    {
        await using var observer = await ConnectAsync("observer");
        foreach (var topic in Reads.Select(read => read.Topic).Distinct())
        {
            await observer.PublishAsync(topic, "secret", retain: true);
        }

        foreach (var (filter, topic) in Reads)
        {
            // A connection for each: some brokers end one that asked for too much, and a further attempt on it would prove nothing.
            await using var attacker = await ConnectAsync("attacker");
            await attacker.SubscribeAsync("flameedge/fleet/attacker/task");
            await attacker.SubscribeAsync(filter);
            await observer.PublishAsync(topic, "secret");
            await observer.PublishAsync("flameedge/fleet/attacker/task", "the end");
            await attacker.UntilAsync("the end", mayBeThrownOut: true);
            Assert.DoesNotContain(attacker.Received, message => message.Text == "secret");
        }
    }

    [Fact]
    public async Task A_last_will_is_judged_like_any_publish()
    {
        await using var observer = await ConnectAsync("observer");
        await observer.SubscribeAsync("#");
        var forger = await ConnectAsync("attacker", will: ("flameedge/fleet/victim/alive", "forged"));
        var honest = await ConnectAsync("victim", will: ("flameedge/fleet/victim/alive", "honest"));

        forger.Die();
        honest.Die();

        await observer.UntilAsync("honest");
        Assert.DoesNotContain(observer.Received, message => message.Text == "forged");
    }

    [Fact]
    public async Task What_everybody_needs_for_its_part_arrives()
    {
        await using var agent = await ConnectAsync("attacker");
        await using var boss = await ConnectAsync("boss");
        await using var desk = await ConnectAsync("desk");
        await using var top = await ConnectAsync("top");
        (AccessBench From, string Topic, AccessBench To, string Filter)[] needed =
        [
            (agent, "flameedge/fleet/attacker/birth", boss, "flameedge/fleet/+/birth"),
            (agent, "flameedge/job/mine/attacker/state", boss, "flameedge/job/+/+/state"),
            (agent, "flameedge/fleet/attacker/alive", top, "flameedge/fleet/+/alive"),
            (boss, "flameedge/fleet/attacker/task", agent, "flameedge/fleet/attacker/task"),
            (boss, "flameedge/job/mine/boss/state", agent, "flameedge/job/mine/+/state"),
            (boss, "flameedge/data/mine/spec/default/boss/controller_0/attacker_0", agent, "flameedge/data/mine/spec/default/+/+/attacker_0"),
            (agent, "flameedge/data/mine/spec/default/attacker/attacker_0/controller_0", boss, "flameedge/data/+/spec/default/+/+/controller_0"),
            (desk, "flameedge/fleet/attacker/config", agent, "flameedge/fleet/attacker/config"),
            (desk, "flameedge/job/mine/desk/desired", boss, "flameedge/job/+/+/desired"),
            (desk, "flameedge/data/mine/spec/default/desk/desk_0/controller_0", boss, "flameedge/data/+/spec/default/+/+/controller_0"),
            (agent, "flameedge/data/mine/param/default/attacker/trainer_0/aggregator_0", top, "flameedge/data/mine/param/default/+/+/aggregator_0"),
            (top, "flameedge/data/mine/param/default/top/aggregator_0/trainer", agent, "flameedge/data/mine/param/default/+/+/trainer"),
            (top, "flameedge/here/mine/param/default/top/aggregator_0", agent, "flameedge/here/mine/param/default/top/aggregator_0"),
            (boss, "flameedge/here/mine/param/default/top/aggregator_0", agent, "flameedge/here/mine/param/default/+/+"),
        ];
        foreach (var (_, _, to, filter) in needed)
        {
            await to.SubscribeAsync(filter);
        }

        foreach (var (item, number) in needed.Select((item, number) => (item, number)))
        {
            await item.From.PublishAsync(item.Topic, $"part {number}");
            await item.To.UntilAsync($"part {number}");
        }
    }
}
