using System.Diagnostics;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Identity;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>User and password, for small set-ups, against a real broker.</summary>
public sealed class PasswordTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("5")]
    [InlineData("3.1.1")]
    public async Task The_right_password_is_let_in_and_a_wrong_one_told(string protocol)
    {
        await using var broker = await StartAsync();
        var options = Options(broker.Port, protocol, "secret");
        await using (await MqttSession.ConnectAsync(options, new AgentId("alpha")))
        {
        }

        options.PasswordFile = Written("wrong", "guess");
        var failure = await Assert.ThrowsAsync<ChannelException>(() => MqttSession.ConnectAsync(options, new AgentId("alpha")).WaitAsync(Seat.Bound));

        Assert.Equal(ChannelFault.BrokerUnreachable, failure.Fault);
        Assert.Matches(@"^the broker at 127\.0\.0\.1:\d+ refuses client alpha \((NotAuthorized|BadUserNameOrPassword)\); check user, password and access rights$", failure.Message);
    }

    [Fact]
    public async Task A_topic_the_access_list_does_not_give_is_told_in_one_line()
    {
        var list = Written("acl", "user alpha\ntopic readwrite flameedge/fleet/alpha/alive\n");
        await using var broker = await StartAsync(list);
        await using var session = await MqttSession.ConnectAsync(Options(broker.Port, "5", "secret"), new AgentId("alpha"));

        var failure = await Assert.ThrowsAsync<ChannelException>(
            () => session.Bulletin.PostAsync(BulletinTopic.OfFleet(new AgentId("beta"), BulletinKind.Birth), "{}"u8.ToArray(), CancellationToken.None).WaitAsync(Seat.Bound));

        Assert.Contains("refuses client alpha a packet on flameedge/fleet/beta/birth (NotAuthorized); check its access rights", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_may_not_post_one_notice_comes_back_all_the_same()
    {
        var list = Written("acl", "user alpha\ntopic readwrite flameedge/fleet/alpha/alive\n");
        await using var broker = await StartAsync(list);
        await using var session = await MqttSession.ConnectAsync(Options(broker.Port, "5", "secret"), new AgentId("alpha"));
        await Assert.ThrowsAsync<ChannelException>(
            () => session.Bulletin.PostAsync(BulletinTopic.OfFleet(new AgentId("alpha"), BulletinKind.Birth), "{}"u8.ToArray(), CancellationToken.None).WaitAsync(Seat.Bound));

        await broker.KillAsync();
        await broker.StartAgainAsync();

        // Answered only over a new connection, whose first act is to repeat what was posted.
        await Assert.ThrowsAsync<ChannelException>(
            () => session.Bulletin.PostAsync(BulletinTopic.OfFleet(new AgentId("alpha"), BulletinKind.State), "{}"u8.ToArray(), CancellationToken.None).WaitAsync(Seat.Bound));
    }

    [Fact]
    public async Task A_missing_password_file_is_named()
    {
        var options = Options(1, "5", "secret");
        options.PasswordFile = folder["nowhere"];

        var failure = await Assert.ThrowsAsync<ChannelException>(() => MqttSession.ConnectAsync(options, new AgentId("alpha")).WaitAsync(Seat.Bound));

        Assert.StartsWith($"the password file {options.PasswordFile} cannot be read", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_mosquittos_own_tool_has_written_is_read()
    {
        Assert.SkipUnless(Mosquitto.Find() is not null, Mosquitto.Absent);
        using var tool = Process.Start("mosquitto_passwd", ["-b", Written("theirs", ""), "alpha", "secret"]);
        await tool.WaitForExitAsync(TestContext.Current.CancellationToken);
        var book = new PasswordBook(folder["theirs"]);

        Assert.Equal((true, false, false), (book.IsRight("alpha", "secret"u8), book.IsRight("alpha", "guess"u8), book.IsRight("beta", "secret"u8)));
    }

    public void Dispose() => folder.Dispose();

    private string Written(string file, string text)
    {
        File.WriteAllText(folder[file], text);
        return folder[file];
    }

    private MqttOptions Options(int port, string protocol, string password) => new()
    {
        Broker = new Uri($"mqtt://127.0.0.1:{port}"),
        Protocol = protocol,
        PasswordFile = Written("password", password),
    };

    private async Task<Mosquitto> StartAsync(string? accessList = null)
    {
        var passwords = folder["passwords"];
        new PasswordBook(passwords).Set("alpha", "secret");
        return await Mosquitto.StartAsync(new MosquittoSetup { PasswordFile = passwords, AclFile = accessList });
    }
}
