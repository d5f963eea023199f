using FlameEdge.Collaborative.Directory;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Messages;

/// <summary>A site's record on the wire: version, flags (1 willing), model hash 8, lineage 4, input contract 8, batches 4, link 1, classes 1, and 10 bytes a class.</summary>
internal static class RecordMessage
{
    /// <summary>Most classes of a site that takes part in a job.</summary>
    public const int MostClasses = 255;

    private const byte Version = 1;

    public static byte[] Write(SiteRecord record) => new WireWriter()
        .Byte(Version).Byte((byte)(record.IsWilling ? 1 : 0))
        .Long(record.ModelHash).Int(record.Lineage).Long(record.InputContract).Int((uint)Math.Min(record.Batches, uint.MaxValue))
        .Byte((byte)Math.Round(255 * Math.Clamp(record.Link, 0, 1)))
        .Items(record.Classes, static (writer, known) => writer.Long(known.LabelId).Byte(known.CountStep).Byte(known.RecallStep))
        .Bytes;

    /// <summary>The record that <paramref name="site"/> sent; its name is the channel's word, not the message's.</summary>
    /// <exception cref="PayloadException">The bytes are no record.</exception>
    public static SiteRecord Read(ReadOnlySpan<byte> bytes, string site, long incarnation)
    {
        var reader = new WireReader(bytes, "record of a site");
        if (reader.Byte() is not Version and var version)
        {
            throw reader.Fault($"version {version} is unknown");
        }

        var flags = reader.Byte();
        var (model, lineage, contract, batches, link) = (reader.Long(), reader.Int(), reader.Long(), reader.Int(), reader.Byte());
        var classes = new ClassRecord[reader.Count(MostClasses, 10)];
        foreach (ref var known in classes.AsSpan())
        {
            known = new ClassRecord(reader.Long(), reader.Byte(), reader.Byte());
        }

        reader.End();
        return classes.DistinctBy(known => known.LabelId).Count() == classes.Length
            ? new() { Site = site, Incarnation = (ulong)incarnation, ModelHash = model, Lineage = lineage, InputContract = contract, Batches = batches, Link = link / 255.0, IsWilling = (flags & 1) != 0, Classes = classes }
            : throw reader.Fault("a class occurs twice");
    }
}
