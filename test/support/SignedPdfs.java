// Makes signed PDFs with PDFBox 2 and iText 5, for test/support/signed-pdf-set.ts: java SignedPdfs.java FOLDER
// FOLDER holds leader.p12, agency.p12, ec.p12 and tsa.p12, *.crl and base/*.pdf; what is made goes to out/NAME.pdf.

import com.itextpdf.text.Image;
import com.itextpdf.text.Rectangle;
import com.itextpdf.text.pdf.AcroFields;
import com.itextpdf.text.pdf.PdfReader;
import com.itextpdf.text.pdf.PdfSignatureAppearance;
import com.itextpdf.text.pdf.PdfStamper;
import com.itextpdf.text.pdf.security.*;
import java.awt.image.BufferedImage;
import java.io.*;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import java.util.stream.*;
import javax.imageio.ImageIO;
import org.apache.pdfbox.cos.*;
import org.apache.pdfbox.pdmodel.*;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationText;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.*;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.visible.*;
import org.apache.pdfbox.pdmodel.interactive.form.*;
import org.bouncycastle.asn1.*;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.ess.*;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.*;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.*;
import org.bouncycastle.tsp.*;

class SignedPdfs {
    record Signer (PrivateKey key, java.security.cert.Certificate[] chain) {
        X509Certificate own () { return (X509Certificate) chain[0]; }
    }

    /** One signature by PDFBox: `algorithm` as Java names it, `level` 0 for an approval, else DocMDP's P. */
    record Sign (Signer signer, String subFilter, String algorithm, int level, String field, boolean image, boolean stamped) {
        static Sign by (Signer signer) { return new Sign(signer, "ETSI.CAdES.detached", "SHA256withRSA", 0, null, false, false); }
        Sign subFilter (String value) { return new Sign(signer, value, algorithm, level, field, image, stamped); }
        Sign algorithm (String value) { return new Sign(signer, subFilter, value, level, field, image, stamped); }
        Sign level (int value) { return new Sign(signer, subFilter, algorithm, value, field, image, stamped); }
        Sign field (String value) { return new Sign(signer, subFilter, algorithm, level, value, image, stamped); }
        Sign withImage () { return new Sign(signer, subFilter, algorithm, level, field, true, stamped); }
        Sign withToken () { return new Sign(signer, subFilter, algorithm, level, field, image, true); }
    }

    /** Changes a document, and tells which dictionaries it changed. */
    interface Edit { Set<COSDictionary> apply (PDDocument document) throws Exception; }
    interface Making { byte[] make () throws Exception; }

    static Path folder;
    static Signer leader, agency, ec, tsa;
    static List<byte[]> crls = new ArrayList<>();
    static int serial = 1;

    public static void main (String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        folder = Path.of(args[0]);
        leader = signer("leader");
        agency = signer("agency");
        ec = signer("ec");
        tsa = signer("tsa");
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter((one) -> one.toString().endsWith(".crl")).sorted().toList()) crls.add(Files.readAllBytes(file));
        }
        BufferedImage image = new BufferedImage(200, 100, BufferedImage.TYPE_INT_ARGB);
        for (int x = 0; x < 200; x++) for (int y = 0; y < 100; y++) image.setRGB(x, y, x / 2 < y ? 0xffdd0000 : 0x00ffffff);
        ImageIO.write(image, "png", folder.resolve("image.png").toFile());
        try (Stream<Path> files = Files.list(folder.resolve("base"))) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString().replace(".pdf", "");
                byte[] pdf = Files.readAllBytes(file);
                out("pdfbox on " + name, () -> box(pdf, Sign.by(leader)));
                out("itext on " + name, () -> itext(pdf, leader, "S", 0, MakeSignature.CryptoStandard.CADES, null));
            }
        }
        pdfbox(Files.readAllBytes(folder.resolve("base/pdfkit.pdf")), Files.readAllBytes(folder.resolve("base/empty field.pdf")));
        itext(Files.readAllBytes(folder.resolve("base/pdfkit.pdf")), Files.readAllBytes(folder.resolve("base/empty field.pdf")));
    }

    static void pdfbox (byte[] base, byte[] withField) throws Exception {
        byte[] one = out("pdfbox cades", () -> box(base, Sign.by(leader)));
        out("pdfbox pkcs7", () -> box(base, Sign.by(leader).subFilter("adbe.pkcs7.detached")));
        out("pdfbox pkcs7 sha1 subfilter", () -> box(base, Sign.by(leader).subFilter("adbe.pkcs7.sha1").algorithm("SHA1withRSA")));
        for (String digest : List.of("SHA1", "SHA384", "SHA512")) out("pdfbox " + digest, () -> box(base, Sign.by(leader).algorithm(digest + "withRSA")));
        out("pdfbox pss", () -> box(base, Sign.by(leader).algorithm("SHA256withRSAandMGF1")));
        out("pdfbox ecdsa", () -> box(base, Sign.by(ec).algorithm("SHA256withECDSA")));
        out("pdfbox token", () -> box(base, Sign.by(leader).withToken()));
        out("pdfbox image", () -> box(base, Sign.by(leader).withImage()));
        out("pdfbox empty field", () -> box(withField, Sign.by(leader).field("S1")));
        out("pdfbox leader and agency", () -> box(one, Sign.by(agency).withImage()));

        byte[] form = form(base, null);
        byte[] approved = out("pdfbox form signed", () -> box(form, Sign.by(leader)));
        out("pdfbox form filled after an approval", () -> withSizeOf(approved, edit(approved, SignedPdfs::fill)));
        for (int level = 1; level <= 3; level++) {
            Sign certify = Sign.by(leader).level(level);
            byte[] certified = out("pdfbox certified P" + level, () -> box(form, certify));
            byte[] filled = out("pdfbox certified P" + level + ", filled", () -> withSizeOf(certified, edit(certified, SignedPdfs::fill)));
            out("pdfbox certified P" + level + ", signed", () -> box(certified, Sign.by(agency)));
            out("pdfbox certified P" + level + ", filled, signed", () -> box(filled, Sign.by(agency)));
            out("pdfbox certified P" + level + ", annotated", () -> edit(certified, SignedPdfs::annotate));
        }
        out("pdfbox annotated after an approval", () -> edit(one, SignedPdfs::annotate));
        out("pdfbox page changed after an approval", () -> edit(one, SignedPdfs::overwrite));
        out("pdfbox title changed after an approval", () -> withSizeOf(one, edit(one, SignedPdfs::rename)));
        out("pdfbox title changed, with a wrong size", () -> edit(one, SignedPdfs::rename));
    }

    static void itext (byte[] base, byte[] withField) throws Exception {
        MakeSignature.CryptoStandard cades = MakeSignature.CryptoStandard.CADES, cms = MakeSignature.CryptoStandard.CMS;
        byte[] one = out("itext cades", () -> itext(base, leader, "S", 0, cades, null));
        out("itext pkcs7", () -> itext(base, leader, "S", 0, cms, null));
        out("itext leader and agency", () -> itext(one, agency, "T", 0, cades, null));
        out("itext not as an update", () -> itext(base, leader, "S", 0, cades, null, false, false));
        out("itext image", () -> itext(base, leader, "S", 0, cades, null, true, true));
        out("itext empty field", () -> itext(withField, leader, "S1", 0, cades, null));
        out("itext pkcs7 token", () -> itext(base, leader, "S", 0, cms, new Tsa()));
        byte[] stamped = out("itext token", () -> itext(base, leader, "S", 0, cades, new Tsa()));
        byte[] longTerm = out("itext long-term", () -> validationData(stamped));
        byte[] archived = out("itext archive time-stamp", () -> documentTimeStamp(longTerm, "A"));
        out("itext archive time-stamp, twice", () -> documentTimeStamp(validationData(archived), "B"));
        out("itext document time-stamp alone", () -> documentTimeStamp(base, "A"));
        out("itext long-term, then the agency", () -> itext(longTerm, agency, "T", 0, cades, new Tsa()));
        for (int level = 1; level <= 3; level++) {
            int certification = level;
            byte[] certified = out("itext certified P" + level, () -> itext(base, leader, "S", certification, cades, null));
            out("itext certified P" + level + ", signed", () -> itext(certified, agency, "T", 0, cades, null));
            out("itext certified P" + level + ", archive time-stamp", () -> documentTimeStamp(certified, "A"));
        }
        byte[] certified = itext(form(base, null), leader, "S", 2, cades, null);
        out("itext form filled under P2", () -> fillByItext(certified));
        for (String lock : List.of("Include", "Exclude", "All")) {
            byte[] locked = out("itext certified P2, lock " + lock, () -> itext(itext(form(base, lock), leader, "S", 2, cades, null), agency, "T", 0, cades, null));
            out("itext certified P2, lock " + lock + ", filled", () -> fillByItext(locked));
        }
    }

    // PDFBox

    static byte[] box (byte[] pdf, Sign how) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PDDocument document = PDDocument.load(pdf); SignatureOptions options = new SignatureOptions()) {
            PDSignature signature = new PDSignature();
            if (how.field != null) {
                PDSignatureField field = (PDSignatureField) document.getDocumentCatalog().getAcroForm().getField(how.field);
                field.setValue(signature);
                signature = field.getSignature();
            }
            signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
            signature.setSubFilter(COSName.getPDFName(how.subFilter));
            signature.setName("Nguyễn Văn Minh");
            signature.setLocation("Hà Nội");
            signature.setReason("Phê duyệt");
            signature.setSignDate(Calendar.getInstance());
            if (how.level > 0) certify(document, signature, how.level);
            if (how.image) {
                PDVisibleSignDesigner designer = new PDVisibleSignDesigner(document, Files.newInputStream(folder.resolve("image.png")), 1);
                designer.xAxis(350).yAxis(600).zoom(-50).adjustForRotation();
                PDVisibleSigProperties properties = new PDVisibleSigProperties();
                properties.signerName("UBND").signatureReason("Ban hành").preferredSize(0).page(1).visualSignEnabled(true).setPdVisibleSignature(designer);
                properties.buildSignature();
                options.setVisualSignature(properties.getVisibleSignature());
            }
            options.setPreferredSignatureSize(16_384);
            document.addSignature(signature, (content) -> cms(content.readAllBytes(), how), options);
            document.saveIncremental(out);
        }
        return out.toByteArray();
    }

    static void certify (PDDocument document, PDSignature signature, int level) {
        COSDictionary parameters = new COSDictionary();
        parameters.setItem(COSName.TYPE, COSName.getPDFName("TransformParams"));
        parameters.setInt(COSName.P, level);
        parameters.setName(COSName.V, "1.2");
        COSDictionary reference = new COSDictionary();
        reference.setItem(COSName.TYPE, COSName.getPDFName("SigRef"));
        reference.setItem("TransformMethod", COSName.getPDFName("DocMDP"));
        reference.setItem("TransformParams", parameters);
        COSArray references = new COSArray();
        references.add(reference);
        signature.getCOSObject().setItem("Reference", references);
        COSDictionary catalog = document.getDocumentCatalog().getCOSObject();
        COSDictionary permissions = new COSDictionary();
        permissions.setItem("DocMDP", signature);
        catalog.setItem("Perms", permissions);
        catalog.setNeedToBeUpdated(true);
        for (COSDictionary one : List.of(parameters, reference, permissions)) one.setNeedToBeUpdated(true);
        references.setNeedToBeUpdated(true);
    }

    static byte[] cms (byte[] content, Sign how) {
        try {
            boolean isCades = how.subFilter.startsWith("ETSI"), holdsDigest = how.subFilter.equals("adbe.pkcs7.sha1");
            Hashtable<ASN1ObjectIdentifier, Attribute> attributes = new Hashtable<>();
            if (isCades) {
                byte[] hash = MessageDigest.getInstance("SHA-256").digest(how.signer.own().getEncoded());
                Attribute bound = new Attribute(PKCSObjectIdentifiers.id_aa_signingCertificateV2, new DERSet(new SigningCertificateV2(new ESSCertIDv2(hash))));
                attributes.put(bound.getAttrType(), bound);
            }
            CMSAttributeTableGenerator own = new DefaultSignedAttributeTableGenerator(new AttributeTable(attributes));
            CMSAttributeTableGenerator table = isCades ? (given) -> own.getAttributes(given).remove(org.bouncycastle.asn1.cms.CMSAttributes.signingTime) : own;
            CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
            generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
                .setSignedAttributeGenerator(table).build(new JcaContentSignerBuilder(how.algorithm).setProvider("BC").build(how.signer.key), how.signer.own()));
            generator.addCertificates(new JcaCertStore(Arrays.asList(how.signer.chain)));
            CMSTypedData data = new CMSProcessableByteArray(holdsDigest ? MessageDigest.getInstance("SHA-1").digest(content) : content);
            CMSSignedData made = generator.generate(data, holdsDigest);
            return (how.stamped ? stamped(made) : made).getEncoded();
        } catch (Exception problem) {
            throw new RuntimeException(problem);
        }
    }

    static CMSSignedData stamped (CMSSignedData made) throws Exception {
        SignerInformation signer = made.getSignerInfos().getSigners().iterator().next();
        byte[] token = new Tsa().getTimeStampToken(MessageDigest.getInstance("SHA-256").digest(signer.getSignature()));
        AttributeTable unsigned = new AttributeTable(new Attribute(PKCSObjectIdentifiers.id_aa_signatureTimeStampToken, new DERSet(ASN1Primitive.fromByteArray(token))));
        return CMSSignedData.replaceSigners(made, new SignerInformationStore(SignerInformation.replaceUnsignedAttributes(signer, unsigned)));
    }

    /** A document with a text field; with `lock` also with an empty signature field T that locks it, every other field, or all. */
    static byte[] form (byte[] pdf, String lock) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PDDocument document = PDDocument.load(pdf)) {
            PDAcroForm form = new PDAcroForm(document);
            document.getDocumentCatalog().setAcroForm(form);
            PDResources resources = new PDResources();
            resources.put(COSName.getPDFName("Helv"), PDType1Font.HELVETICA);
            form.setDefaultResources(resources);
            form.setDefaultAppearance("/Helv 12 Tf 0 g");
            PDTextField field = new PDTextField(form);
            field.setPartialName("name");
            field.setDefaultAppearance("/Helv 12 Tf 0 g");
            form.getFields().add(field);
            var widget = field.getWidgets().get(0);
            widget.setRectangle(new PDRectangle(100, 300, 200, 20));
            widget.setPage(document.getPage(0));
            widget.setPrinted(true);
            document.getPage(0).getAnnotations().add(widget);
            field.setValue("nobody");
            // iText does not write an appearance dictionary of its own number again
            ((COSDictionary) field.getCOSObject().getDictionaryObject(COSName.AP)).setDirect(true);
            if (lock != null) {
                PDSignatureField empty = new PDSignatureField(form);
                empty.setPartialName("T");
                form.getFields().add(empty);
                COSDictionary locked = new COSDictionary();
                locked.setName(COSName.TYPE, "SigFieldLock");
                locked.setName("Action", lock);
                COSArray fields = new COSArray();
                fields.add(new COSString("name"));
                if (!lock.equals("All")) locked.setItem(COSName.FIELDS, fields);
                empty.getCOSObject().setItem("Lock", locked);
                var place = empty.getWidgets().get(0);
                place.setRectangle(new PDRectangle(320, 200, 180, 60));
                place.setPage(document.getPage(0));
                place.setPrinted(true);
                document.getPage(0).getAnnotations().add(place);
            }
            document.save(out);
        }
        return out.toByteArray();
    }

    static byte[] edit (byte[] pdf, Edit edit) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PDDocument document = PDDocument.load(pdf)) {
            document.saveIncremental(out, edit.apply(document));
        }
        return out.toByteArray();
    }

    /** PDFBox counts only the objects of the update (ISO 32000-2, 7.5.5: all of the file's), so that the rest would be missing. */
    static byte[] withSizeOf (byte[] before, byte[] after) {
        String text = new String(after, StandardCharsets.ISO_8859_1);
        String size = lastSize(new String(before, StandardCharsets.ISO_8859_1)), wrong = lastSize(text);
        if (size.length() != wrong.length()) throw new IllegalStateException(size + " does not fit in the place of " + wrong);
        int at = text.lastIndexOf("/Size " + wrong);
        return (text.substring(0, at) + "/Size " + size + text.substring(at + 6 + size.length())).getBytes(StandardCharsets.ISO_8859_1);
    }

    static String lastSize (String text) {
        int at = text.lastIndexOf("/Size ") + 6;
        return text.substring(at).split("\\D")[0];
    }

    static Set<COSDictionary> fill (PDDocument document) throws Exception {
        PDField field = document.getDocumentCatalog().getAcroForm().getField("name");
        field.setValue("somebody");
        return Set.of(field.getCOSObject(), field.getWidgets().get(0).getAppearance().getNormalAppearance().getAppearanceStream().getCOSObject());
    }

    static Set<COSDictionary> rename (PDDocument document) {
        document.getDocumentInformation().setTitle("Another title");
        return Set.of(document.getDocumentInformation().getCOSObject());
    }

    static Set<COSDictionary> annotate (PDDocument document) throws Exception {
        PDAnnotationText note = new PDAnnotationText();
        note.setContents("A note");
        note.setRectangle(new PDRectangle(300, 400, 20, 20));
        PDPage page = document.getPage(0);
        List<org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotation> annotations = page.getAnnotations();
        annotations.add(note);
        page.setAnnotations(annotations);
        return Set.of(page.getCOSObject());
    }

    static Set<COSDictionary> overwrite (PDDocument document) throws Exception {
        PDPage page = document.getPage(0);
        try (PDPageContentStream content = new PDPageContentStream(document, page, PDPageContentStream.AppendMode.APPEND, true, true)) {
            content.beginText();
            content.setFont(PDType1Font.HELVETICA, 20);
            content.newLineAtOffset(80, 500);
            content.showText("1 000 000 000 VND");
            content.endText();
        }
        return Set.of(page.getCOSObject(), page.getResources().getCOSObject(), (COSDictionary) page.getResources().getCOSObject().getDictionaryObject(COSName.FONT));
    }

    // iText

    static byte[] itext (byte[] pdf, Signer signer, String field, int level, MakeSignature.CryptoStandard standard, TSAClient stamping) throws Exception {
        return itext(pdf, signer, field, level, standard, stamping, true, false);
    }

    static byte[] itext (byte[] pdf, Signer signer, String field, int level, MakeSignature.CryptoStandard standard, TSAClient stamping, boolean isUpdate, boolean hasImage) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PdfReader reader = new PdfReader(pdf);
        PdfStamper stamper = PdfStamper.createSignature(reader, out, '\0', null, isUpdate);
        PdfSignatureAppearance appearance = stamper.getSignatureAppearance();
        appearance.setReason("Phê duyệt");
        appearance.setLocation("Hà Nội");
        if (reader.getAcroFields().getField(field) != null || reader.getAcroFields().getBlankSignatureNames().contains(field)) appearance.setVisibleSignature(field);
        else appearance.setVisibleSignature(new Rectangle(320, 100, 500, 160), 1, field);
        if (hasImage) {
            appearance.setSignatureGraphic(Image.getInstance(folder.resolve("image.png").toString()));
            appearance.setRenderingMode(PdfSignatureAppearance.RenderingMode.GRAPHIC);
        }
        if (level > 0) appearance.setCertificationLevel(level);
        MakeSignature.signDetached(appearance, new BouncyCastleDigest(), new PrivateKeySignature(signer.key, "SHA-256", "BC"), signer.chain, null, null, stamping, 0, standard);
        return out.toByteArray();
    }

    static byte[] validationData (byte[] pdf) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PdfReader reader = new PdfReader(pdf);
        PdfStamper stamper = new PdfStamper(reader, out, '\0', true);
        LtvVerification data = stamper.getLtvVerification();
        for (String name : stamper.getAcroFields().getSignatureNames()) {
            data.addVerification(name, List.of(), crls, List.of(leader.chain[1].getEncoded()));
        }
        stamper.close();
        return out.toByteArray();
    }

    static byte[] documentTimeStamp (byte[] pdf, String field) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PdfStamper stamper = PdfStamper.createSignature(new PdfReader(pdf), out, '\0', null, true);
        LtvTimestamp.timestamp(stamper.getSignatureAppearance(), new Tsa(), field);
        return out.toByteArray();
    }

    static byte[] fillByItext (byte[] pdf) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PdfStamper stamper = new PdfStamper(new PdfReader(pdf), out, '\0', true);
        AcroFields fields = stamper.getAcroFields();
        fields.setField("name", "somebody");
        stamper.close();
        return out.toByteArray();
    }

    /** A time-stamping authority by Bouncy Castle. */
    static class Tsa implements TSAClient {
        public int getTokenSizeEstimate () { return 8192; }
        public MessageDigest getMessageDigest () throws GeneralSecurityException { return MessageDigest.getInstance("SHA-256"); }
        public byte[] getTimeStampToken (byte[] imprint) throws Exception {
            var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
            var signing = new JcaSimpleSignerInfoGeneratorBuilder().setProvider("BC").build("SHA256withRSA", tsa.key, tsa.own());
            TimeStampTokenGenerator generator = new TimeStampTokenGenerator(signing, digests.get(new AlgorithmIdentifier(TSPAlgorithms.SHA256)), new ASN1ObjectIdentifier("1.2.3.4.1"));
            generator.addCertificates(new JcaCertStore(Arrays.asList(tsa.chain)));
            TimeStampRequestGenerator asking = new TimeStampRequestGenerator();
            asking.setCertReq(true);
            TimeStampRequest request = asking.generate(TSPAlgorithms.SHA256, imprint);
            return generator.generate(request, BigInteger.valueOf(serial++), new Date()).getEncoded();
        }
    }

    // Files

    static Signer signer (String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = Files.newInputStream(folder.resolve(name + ".p12"))) { store.load(file, "test".toCharArray()); }
        String alias = store.aliases().nextElement();
        return new Signer((PrivateKey) store.getKey(alias, "test".toCharArray()), store.getCertificateChain(alias));
    }

    static byte[] out (String name, Making making) throws Exception {
        byte[] pdf;
        try {
            pdf = making.make();
        } catch (Exception problem) {
            throw new IllegalStateException(name + ": " + problem, problem);
        }
        Files.write(folder.resolve("out").resolve(name + ".pdf"), pdf);
        return pdf;
    }
}
