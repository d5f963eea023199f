using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Ring;

/// <summary>One try at a round's sum: who takes part, and how far this member's part of it is.</summary>
internal sealed class RingAttempt
{
    private readonly Dictionary<int, float[]> early = [];
    private readonly RingMember ring;
    private readonly RingSchedule schedule;
    private readonly int position;
    private int step;

    /// <param name="order">Its number; a later one takes the place of an earlier one.</param>
    /// <param name="coordinator">Who began it.</param>
    /// <param name="weights">The members, each with its weight.</param>
    /// <param name="self">This member, one of them.</param>
    /// <param name="change">What it brings.</param>
    public RingAttempt(int order, WorkerId coordinator, IReadOnlyDictionary<string, long> weights, WorkerId self, ReadOnlySpan<float> change)
    {
        Order = order;
        Coordinator = coordinator;
        Weights = weights;
        Members = [.. weights.Keys.Order(StringComparer.Ordinal).Select(name => new WorkerId(name))];
        Total = weights.Values.Sum();
        position = Members.IndexOf(self);
        schedule = new RingSchedule(Members.Count, change.Length);
        ring = new RingMember(schedule, position, change, weights[self.Value], Total);
    }

    public int Order { get; }

    public WorkerId Coordinator { get; }

    public IReadOnlyDictionary<string, long> Weights { get; }

    public List<WorkerId> Members { get; }

    public long Total { get; }

    /// <summary>Members whose sum is whole, as their coordinator knows it.</summary>
    public HashSet<WorkerId> Done { get; } = [];

    /// <summary>The hashes they said.</summary>
    public Dictionary<WorkerId, string> Hashes { get; } = [];

    public bool IsComplete => ring.IsComplete;

    /// <summary>The weighted mean, once <see cref="IsComplete"/>.</summary>
    public ReadOnlySpan<float> Mean => ring.Values;

    /// <summary>SHA-256 of it: members that hold the same have the same bits.</summary>
    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(Mean)));

    public WorkerId Left => Members[(position + Members.Count - 1) % Members.Count];

    public WorkerId Right => Members[(position + 1) % Members.Count];

    /// <summary>The step to be sent next, and its bytes.</summary>
    public (int Step, ReadOnlySequence<byte> Body) Outgoing() => (step, new ReadOnlySequence<byte>(BytesOf(ring.Outgoing)));

    /// <summary>Takes a part of the left neighbour, in whatever order they come; true where <see cref="Advance"/> has what it needs.</summary>
    /// <exception cref="PayloadException">It is no part of this schedule, or not a finite one.</exception>
    public bool Take(int of, ReadOnlySequence<byte> body)
    {
        if (of < step || early.ContainsKey(of))
        {
            return IsNext();
        }

        if (of >= schedule.Steps || body.Length != 4L * schedule.Chunk(schedule.ReceivedChunk(position, of)).Length)
        {
            throw new PayloadException($"step {of} with {body.Length} bytes is no part of this ring");
        }

        early[of] = ValuesOf(body);
        return IsNext();
    }

    /// <summary>Goes one step on with what is there; true where another can follow.</summary>
    /// <exception cref="PayloadException">A value is not finite.</exception>
    public bool Advance()
    {
        early.Remove(step, out var values);
        try
        {
            ring.Receive(values);
        }
        catch (ArgumentException error)
        {
            throw new PayloadException(error.Message, error);
        }

        step++;
        return IsNext();
    }

    private bool IsNext() => !IsComplete && early.ContainsKey(step);

    private static byte[] BytesOf(ReadOnlySpan<float> values)
    {
        if (BitConverter.IsLittleEndian)
        {
            return MemoryMarshal.AsBytes(values).ToArray();
        }

        var bytes = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * 4), values[i]);
        }

        return bytes;
    }

    private static float[] ValuesOf(ReadOnlySequence<byte> body)
    {
        var values = new float[checked((int)(body.Length / 4))];
        body.CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<float, int>(values.AsSpan());
            BinaryPrimitives.ReverseEndianness(words, words);
        }

        return values;
    }
}
