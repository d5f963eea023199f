using System.Buffers;
using System.Runtime.InteropServices;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Aggregation.Robust;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>The updates of a round as an aggregator stored them, for rules that must see each of them and not their sum.</summary>
/// <param name="state">The aggregator's state.</param>
/// <param name="owner">The aggregator.</param>
/// <param name="codec">How they are written.</param>
internal sealed class UpdateRows(IStateStore state, WorkerId owner, UpdateCodec codec)
{
    /// <summary>Writes the rule's mean of the updates counted, taken by name: the order they came in changes no bit.</summary>
    /// <exception cref="StateException">A stored update is gone.</exception>
    public async Task AggregateAsync(IRobustRule rule, CollectedRound collected, ParameterLayout layout, float[] mean, CancellationToken cancellationToken)
    {
        var opened = new List<BlobContent>();
        try
        {
            foreach (var update in collected.Counted.OrderBy(update => update.Member, StringComparer.Ordinal))
            {
                opened.Add(await state.BlobsOf(owner).OpenAsync(update.Blob, cancellationToken)
                    ?? throw new StateException($"the update of {update.Member} in round {update.Round} is gone from the state folder; go on with --resume, and it is asked for again"));
            }

            rule.Aggregate(codec.IsExact ? new PlainRows(opened, layout.Length) : new MemoryRows([.. opened.Select(Decoded)]), mean);
        }
        finally
        {
            opened.ForEach(blob => blob.Dispose());
        }

        ReadOnlyMemory<float> Decoded(BlobContent blob)
        {
            // What a codec made small is read as a whole: top-k has no tiles.
            var values = new float[layout.Length];
            codec.Decode(blob.Bytes, layout, values);
            return values;
        }
    }

    /// <summary>Updates that lie in files as they are in memory: read a tile at a time.</summary>
    private sealed class PlainRows(List<BlobContent> blobs, int length) : IUpdateRows
    {
        public int Count => blobs.Count;

        public int Length => length;

        public void Read(int row, int offset, Span<float> values) =>
            blobs[row].Bytes.Slice(PayloadHeader.Bytes + ((long)offset * sizeof(float)), (long)values.Length * sizeof(float)).CopyTo(MemoryMarshal.AsBytes(values));
    }
}
