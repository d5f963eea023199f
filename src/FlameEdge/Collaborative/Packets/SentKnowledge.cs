using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

/// <summary>What a target holds of a class since it was sent to it, so that later only what has changed most need be sent. What is left out is not lost: it stands in the next difference (error feedback).</summary>
/// <seealso href="https://arxiv.org/abs/1712.01887">Lin et al. 2018, for error feedback with sparse gradients</seealso>
public sealed class SentKnowledge
{
    private readonly float[] held;

    /// <summary>After <paramref name="knowledge"/> was sent whole.</summary>
    public SentKnowledge(ClassKnowledge knowledge)
    {
        Whole = knowledge;
        held = knowledge.Restore().Parameters.ToArray();
    }

    /// <summary>What was sent whole: its units and channels stand for all refreshes.</summary>
    public ClassKnowledge Whole { get; }

    /// <summary>The specialist's parameters as the target has them.</summary>
    public ReadOnlySpan<float> Held => held;

    /// <summary>Hash of <see cref="Held"/>: what a request names as held.</summary>
    public ulong Hash => HashOf(held);

    /// <summary>What a target calls parameters that it holds.</summary>
    public static ulong HashOf(ReadOnlySpan<float> parameters) => PacketWriter.ContentHash(MemoryMarshal.AsBytes(parameters));

    /// <summary>The specialist as the target has it.</summary>
    public DenseNetwork Restore()
    {
        var network = Whole.Restore();
        network.Load(held);
        return network;
    }

    /// <summary>The <paramref name="count"/> largest changes from what the target holds to <paramref name="now"/>, and takes them as sent.</summary>
    /// <exception cref="ArgumentException"><paramref name="now"/> has another number of parameters.</exception>
    public ClassRefresh Next(ReadOnlySpan<float> now, KnowledgeClaims claims, int count)
    {
        var change = new float[held.Length];
        TensorPrimitives.Subtract(now, held, change);
        var refresh = new ClassRefresh(Whole.LabelId, Hash, claims, SparseValues.Largest(change, count));
        refresh.Change.AddTo(held);
        return refresh;
    }
}
