using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Models.Loading;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

/// <summary>Small hand-made files that live as long as a test.</summary>
public abstract class TemporaryFiles : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flameedge-data-");

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    protected string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    protected string Missing(string name) => Path.Combine(_folder.FullName, name);

    protected static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    protected static byte[] Idx(byte[] data, params int[] dimensions)
    {
        var file = new byte[4 + (4 * dimensions.Length) + data.Length];
        file[2] = 8;
        file[3] = (byte)dimensions.Length;
        foreach (var (i, dimension) in dimensions.Index())
        {
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + (4 * i)), dimension);
        }

        data.CopyTo(file, file.Length - data.Length);
        return file;
    }

    internal static Dataset Load(SourceSpec source, PartSpec? part = null, StandardizeSpec? standardize = null) =>
        new DatasetLoader().Load(ReferenceSpecs.Dataset(source, part, standardize));

    internal static string Refused(SourceSpec source, PartSpec? part = null, StandardizeSpec? standardize = null)
    {
        var message = Assert.Throws<DatasetException>(() => Load(source, part, standardize)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
