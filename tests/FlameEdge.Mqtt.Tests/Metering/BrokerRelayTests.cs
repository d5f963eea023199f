using System.Net.Sockets;
using System.Text;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Metering;

namespace FlameEdge.Mqtt.Tests.Metering;

/// <summary>Bytes written by hand, in pieces of any size, against what the relay says of them.</summary>
public class BrokerRelayTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    // CONNECT of MQTT 5, clean start, keep-alive 60 s, no properties, client id "m".
    private static readonly byte[] Connect = [0x10, 14, 0, 4, .. "MQTT"u8, 5, 2, 0, 60, 0, 0, 1, (byte)'m'];
    private static readonly byte[] Ping = [0xC0, 0];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public async Task Every_byte_is_counted_for_what_it_is_for(int pieceBytes)
    {
        await using var broker = await EmbeddedBroker.StartAsync(new());
        await using var relay = BrokerRelay.Start(broker.Uri);
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", relay.Uri.Port, TestContext.Current.CancellationToken);
        var packet = Publish("flameedge/data/job/packet/g/a/site_0/site_1", 300);
        var record = Publish("flameedge/here/job/metadata/g/a/site_0", 20);
        var told = Publish("flameedge/job/job/a/event", 40);
        var foreign = Publish("somebody/else", 7);

        await SendAsync(client, Connect, pieceBytes);
        var accepted = await ReadAsync(client, until: 0x20);
        foreach (var bytes in new[] { packet, record, told, foreign })
        {
            await SendAsync(client, bytes, pieceBytes);
        }

        // The answer to the ping comes behind all that was sent before it.
        await SendAsync(client, Ping, pieceBytes);
        await ReadAsync(client, until: 0xD0);

        Assert.Equal(
            new Dictionary<WireKind, long>
            {
                [new("data", "packet")] = packet.Length,
                [new("here", "metadata")] = record.Length,
                [new("notice")] = told.Length,
                [WireKind.Other] = foreign.Length,
                [WireKind.Session] = Connect.Length + accepted,
                [WireKind.KeepAlive] = 4,
            }.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal),
            relay.Bytes.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_no_mqtt_ends_its_connection_and_nothing_else()
    {
        await using var broker = await EmbeddedBroker.StartAsync(new());
        await using var relay = BrokerRelay.Start(broker.Uri);
        using var odd = new TcpClient();
        await odd.ConnectAsync("127.0.0.1", relay.Uri.Port, TestContext.Current.CancellationToken);
        await SendAsync(odd, [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 100);
        Assert.Equal(0, await odd.GetStream().ReadAsync(new byte[10], TestContext.Current.CancellationToken).AsTask().WaitAsync(Bound, TestContext.Current.CancellationToken));

        using var sound = new TcpClient();
        await sound.ConnectAsync("127.0.0.1", relay.Uri.Port, TestContext.Current.CancellationToken);
        await SendAsync(sound, Connect, 100);
        Assert.True(await ReadAsync(sound, until: 0x20) > 0);
    }

    [Fact]
    public void What_is_encrypted_cannot_be_counted() =>
        Assert.Contains("without TLS only", Assert.Throws<ChannelException>(() => BrokerRelay.Start(new("mqtts://localhost:8883"))).Message, StringComparison.Ordinal);

    // QoS 0, no properties.
    private static byte[] Publish(string topic, int payload)
    {
        var body = 2 + topic.Length + 1 + payload;
        return [0x30, .. body < 128 ? new[] { (byte)body } : [(byte)(0x80 | (body & 0x7F)), (byte)(body >> 7)], (byte)(topic.Length >> 8), (byte)topic.Length, .. Encoding.UTF8.GetBytes(topic), 0, .. new byte[payload]];
    }

    private static async Task SendAsync(TcpClient client, byte[] bytes, int pieceBytes)
    {
        client.NoDelay = true;
        foreach (var piece in bytes.Chunk(pieceBytes))
        {
            await client.GetStream().WriteAsync(piece, TestContext.Current.CancellationToken);
        }
    }

    // Bytes of one packet that begins so.
    private static async Task<int> ReadAsync(TcpClient client, byte until)
    {
        var head = new byte[2];
        await client.GetStream().ReadExactlyAsync(head, TestContext.Current.CancellationToken).AsTask().WaitAsync(Bound, TestContext.Current.CancellationToken);
        Assert.Equal(until, head[0]);
        await client.GetStream().ReadExactlyAsync(new byte[head[1]], TestContext.Current.CancellationToken).AsTask().WaitAsync(Bound, TestContext.Current.CancellationToken);
        return 2 + head[1];
    }
}
