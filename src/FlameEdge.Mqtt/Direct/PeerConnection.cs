using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Direct;

/// <summary>One TLS connection to an agent. One at a time writes, one at a time reads.</summary>
internal sealed class PeerConnection(Socket socket, SslStream stream, AgentId agent, string session, bool isDialed, TimeProvider time) : IDisposable
{
    // What is written at once: on the slowest link it is through before it is taken for stuck.
    private const int PieceBytes = 64 * 1024;

    private readonly byte[] head = new byte[PeerFrame.HeaderBytes + PeerFrame.LongestTopic];
    private long heardAt = time.GetTimestamp();
    private long writingSince;

    /// <summary>Who is at the other end.</summary>
    public AgentId Agent => agent;

    /// <summary>The run of its process.</summary>
    public string Session => session;

    /// <summary>True where this side opened it.</summary>
    public bool IsDialed => isDialed;

    /// <summary>True where nothing has come, or could be written, for so long.</summary>
    public bool IsStuck(TimeSpan atMost) =>
        time.GetElapsedTime(Interlocked.Read(ref heardAt)) > atMost || (Interlocked.Read(ref writingSince) is var since and not 0 && time.GetElapsedTime(since) > atMost);

    /// <summary>Writes a packet; completes when it has left for the network.</summary>
    public async Task WriteAsync(string topic, ReadOnlyMemory<byte> packet, CancellationToken cancellationToken)
    {
        try
        {
            await WritePieceAsync(head.AsMemory(0, PeerFrame.WriteHead(head, topic, packet.Length)), cancellationToken);
            for (; !packet.IsEmpty; packet = packet[Math.Min(PieceBytes, packet.Length)..])
            {
                await WritePieceAsync(packet[..Math.Min(PieceBytes, packet.Length)], cancellationToken);
            }
        }
        finally
        {
            Interlocked.Exchange(ref writingSince, 0);
        }
    }

    /// <summary>Reads the next packet into memory that <paramref name="take"/> must not keep; false at the end of the connection.</summary>
    /// <exception cref="Diagnostics.PayloadException">It is longer than <paramref name="longestPacket"/>, or makes no sense.</exception>
    public async Task<bool> ReadAsync(int longestPacket, Action<string, ReadOnlyMemory<byte>> take, CancellationToken cancellationToken)
    {
        var start = new byte[PeerFrame.HeaderBytes];
        if (!await FillAsync(start, cancellationToken))
        {
            return false;
        }

        var (topic, packet) = PeerFrame.ReadHead(start, longestPacket);
        var rented = ArrayPool<byte>.Shared.Rent(topic + packet);
        try
        {
            if (!await FillAsync(rented.AsMemory(0, topic + packet), cancellationToken))
            {
                return false;
            }

            take(Encoding.UTF8.GetString(rented, 0, topic), rented.AsMemory(topic, packet));
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Ends it without a word; whoever reads or writes fails.</summary>
    public void Dispose()
    {
        socket.Dispose();
        stream.Dispose();
    }

    private async Task WritePieceAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        Interlocked.Exchange(ref writingSince, time.GetTimestamp());
        await stream.WriteAsync(piece, cancellationToken);
    }

    private async ValueTask<bool> FillAsync(Memory<byte> memory, CancellationToken cancellationToken)
    {
        while (!memory.IsEmpty)
        {
            var count = await stream.ReadAsync(memory, cancellationToken);
            if (count == 0)
            {
                return false;
            }

            Interlocked.Exchange(ref heardAt, time.GetTimestamp());
            memory = memory[count..];
        }

        return true;
    }
}
