using FlameEdge.Collaborative.Directory;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Messages;

/// <summary>A directory's answer on the wire: version, the request's number 4; per helper its name, score 4, and the labels it can help with, 8 each.</summary>
internal static class RankingMessage
{
    private const byte Version = 1;
    private const int MostHelpers = 32;
    private const int MostLabels = 64;

    public static byte[] Write(uint number, IReadOnlyList<RankedHelper> helpers) => new WireWriter()
        .Byte(Version).Int(number)
        .Items([.. helpers.Take(MostHelpers)], static (writer, helper) => writer.Worker(helper.Site).Number(helper.Score).Items([.. helper.Classes.Take(MostLabels)], static (inner, label) => inner.Long(label)))
        .Bytes;

    /// <summary>The helpers, best first, and which request they are for.</summary>
    /// <exception cref="PayloadException">The bytes are no ranking.</exception>
    public static (uint Number, IReadOnlyList<RankedHelper> Helpers) Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes, "ranking of helpers");
        if (reader.Byte() is not Version and var version)
        {
            throw reader.Fault($"version {version} is unknown");
        }

        var number = reader.Int();
        var helpers = new RankedHelper[reader.Count(MostHelpers, 7)];
        foreach (ref var helper in helpers.AsSpan())
        {
            var (site, score) = (reader.Worker(), reader.Number(0, 1));
            var labels = new ulong[reader.Count(MostLabels, 8)];
            foreach (ref var label in labels.AsSpan())
            {
                label = reader.Long();
            }

            helper = new RankedHelper(site, labels, score);
        }

        reader.End();
        return (number, helpers);
    }
}
