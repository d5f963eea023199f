using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using FlameEdge.Files;
using FlameEdge.Topology;
using Microsoft.Win32.SafeHandles;

namespace FlameEdge.Channels.Transfer;

/// <summary>A body in a file, with a journal of what is in it: after a kill, or when its sender comes back, it goes on where it stood.</summary>
/// <remarks>Written by calls, because a full disk must be an error and not the fault signal a mapping would raise; mapped only to be read.</remarks>
internal sealed class FileAssembly : AssemblyBuffer
{
    // Partial bodies that wait for their senders: no more than these, and none longer than this.
    private const int MostKept = 16;
    private const string BodyEnding = ".body";
    private const string JournalEnding = ".journal";
    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    private readonly string path;
    private readonly PacketHeader offer;
    private readonly SafeFileHandle file;
    private readonly AssemblyJournal journal;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private MappedBody? mapped;
    private long hashedBytes;
    private bool isDisposed;

    /// <param name="folder">Where it lies.</param>
    /// <param name="end">Who receives it.</param>
    /// <param name="from">Who sends it.</param>
    /// <param name="offer">What it is.</param>
    /// <param name="here">Told the chunks that are there already.</param>
    public FileAssembly(string folder, ChannelEndpoint end, WorkerId from, PacketHeader offer, ChunkMap here)
    {
        this.offer = offer;
        Directory.CreateDirectory(folder);
        path = Path.Combine(folder, NameOf(end, from, offer));
        Sweep(folder, path);
        var isKnown = File.Exists(path + BodyEnding);
        file = File.OpenHandle(path + BodyEnding, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        try
        {
            journal = AssemblyJournal.Open(path + JournalEnding, offer, here);
            if (here.Count > 0 && (!isKnown || RandomAccess.GetLength(file) != offer.BodyBytes))
            {
                here.Clear();
                journal.StartOver();
            }

            RandomAccess.SetLength(file, offer.BodyBytes);
        }
        catch
        {
            journal?.Dispose();
            file.Dispose();
            throw;
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(file, bytes, offset);
        journal.Add((int)(offset / offer.ChunkBytes));
    }

    public override void Read(long offset, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var read = RandomAccess.Read(file, bytes, offset);
            if (read == 0)
            {
                throw new IOException("an assembly file is shorter than what was written to it");
            }

            bytes = bytes[read..];
            offset += read;
        }
    }

    // Who stores the body names it by this hash; made here, the file need not be read once more.
    public override void Follow(ReadOnlySpan<byte> bytes)
    {
        hash.AppendData(bytes);
        hashedBytes += bytes.Length;
    }

    public override void StartOver()
    {
        journal.StartOver();
        hash.GetHashAndReset();
        hashedBytes = 0;
    }

    public override ReadOnlySequence<byte> ToSequence() =>
        (mapped ??= new MappedBody(file, offer.BodyBytes) { Path = path + BodyEnding, Sha256 = hashedBytes == offer.BodyBytes ? Convert.ToHexStringLower(hash.GetHashAndReset()) : null }).ToSequence();

    public override void Suspend() => Close(isKept: true);

    public override void Dispose() => Close(isKept: false);

    private void Close(bool isKept)
    {
        if (isDisposed)
        {
            return;
        }

        isDisposed = true;
        mapped?.Dispose();
        hash.Dispose();
        journal.Dispose();
        file.Dispose();
        if (!isKept)
        {
            Delete(path);
        }
    }

    // The same content from the same worker to the same end is the same file, whatever run or message it comes in.
    private static string NameOf(ChannelEndpoint end, WorkerId from, PacketHeader offer)
    {
        var what = string.Create(CultureInfo.InvariantCulture, $"{end.Job}/{end.Channel}/{end.Group}/{end.Self}/{from}/{offer.ContentHash:x32}/{offer.BodyBytes}/{offer.ChunkBytes}");
        return XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(what)).ToString("x32", CultureInfo.InvariantCulture);
    }

    /// <summary>Deletes what nobody has touched for long, and the oldest of what is too many; what is open keeps its content without a name.</summary>
    private static void Sweep(string folder, string kept)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var partials = new DirectoryInfo(folder).GetFiles().GroupBy(file => Path.ChangeExtension(file.FullName, null), file => file.LastWriteTimeUtc).ToDictionary(files => files.Key, files => files.Max());
        foreach (var (index, (partial, touched)) in partials.OrderByDescending(entry => entry.Value).Index())
        {
            if (partial != kept && (index >= MostKept || now - touched > KeptFor))
            {
                Delete(partial);
            }
        }
    }

    private static void Delete(string partial)
    {
        try
        {
            File.Delete(partial + BodyEnding);
            File.Delete(partial + JournalEnding);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It costs room until the next sweep.
        }
    }
}
