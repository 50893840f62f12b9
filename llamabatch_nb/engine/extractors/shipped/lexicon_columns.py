"""Heads of item tables, and what English schemas call the facts of a document beyond its labels: a table of facts."""

from __future__ import annotations

from llamabatch_nb.engine.extractors.shipped.words import split_bars

#: Concept to the heads of its column.
COLUMNS: dict[str, tuple[str, ...]] = {
    "position": split_bars(
        """
        pos | position | no | nr | item no | line | lp | l p | n | pos nr | regel | ligne | line no | # | posten |
        line number | position number | sr no | sl no | s no | rad
        """
    ),
    "sku": split_bars(
        """
        sku | item code | product code | article | article no | article number | code | part no | part number | art
        nr | artikelnummer | artikelnr | artikel nr | artnr | artikel no | produktnummer | product id | reference |
        ref | code article | no article | artikelcode | productcode | codigo | referencia | cod | codice | codice
        articolo | cod articolo | kod | indeks | item id | item number | product no | material
        """
    ),
    "description": split_bars(
        """
        description | item | items | product | service | details | item description | product description |
        particulars | services | activity | work | product service | description of goods | item name | name |
        products | product name | service description | title | item details | task | bezeichnung | beschreibung |
        artikel | leistung | artikelbezeichnung | text | produkt | ware | leistungsbeschreibung |
        artikelbeschreibung | bezeichnung der leistung | dienstleistung | warenbezeichnung | tatigkeit | gegenstand
        | position beschreibung | designation | libelle | produit | prestation | article | intitule | detail |
        descriptif | omschrijving | artikelomschrijving | product omschrijving | dienst | beschrijving |
        productomschrijving | descripcion | concepto | producto | servicio | articulo | detalle | descripcion del
        producto | descrizione | prodotto | servizio | articolo | descrizione articolo | descrizione prodotto |
        nazwa | opis | nazwa towaru | nazwa uslugi | nazwa towaru lub uslugi | towar usluga | towar | nazwa towaru
        uslugi | descricao | designacao | beskrivning | benamning | varebeskrivelse | beskrivelse | kuvaus | tuote |
        popis | nazev | oznaczenie | nombre
        """
    ),
    "quantity": split_bars(
        """
        quantity | qty | hours | units | count | hrs | qty hrs | qty hours | hrs qty | pcs | quantity hours | menge
        | anzahl | stunden | std | stk | stuck | anz | mng | quantite | qte | nombre | nb | heures | aantal |
        hoeveelheid | uren | stuks | cantidad | cant | uds | horas | unidades | ud | ctd | quantita | qta | q ta |
        qt | ore | ilosc | quantidade | qtd | qtde | antal | antall | maara | kpl | mnozstvi | pocet | quantities |
        q te | q | months | nights | verbruik | verbrauch | consumption
        """
    ),
    "unit": split_bars(
        """
        unit | uom | unit of measure | einheit | einh | me | mengeneinheit | unite | eenheid | unidad | unita | um |
        u m | jm | j m | jedn | jednostka | unidade | enhet | enhed | yksikko | mj | eh | unit measure | measure
        """
    ),
    "unit_price": split_bars(
        """
        unit price | price | rate | unit cost | price per unit | price each | each | cost | hourly rate | price unit
        | unit price excl vat | unit price net | net price | item price | unit value | unit rate | einzelpreis |
        preis | e preis | einzel preis | stuckpreis | ep | preis pro einheit | einzelpreis netto | preis einheit |
        preis je einheit | preis netto | stundensatz | netto preis | einzelpreis eur | e preis eur | netto
        einzelpreis | einheitspreis | preis pro stuck | stueckpreis | nettopreis | preis me | satz | prix unitaire |
        pu | p u | prix | prix unitaire ht | pu ht | p u ht | prix unit | prix u | prix u ht | prix unit ht | taux
        horaire | tarif | prix ht | p u h t | prijs | stukprijs | eenheidsprijs | prijs per stuk | tarief | prijs
        per eenheid | prijs excl | stuksprijs | stukprijs excl btw | prijs excl btw | prijs per eenheid excl btw |
        precio | precio unitario | precio ud | p unitario | precio unidad | tarifa | p unit | precio unit | prezzo |
        prezzo unitario | prezzo unit | prezzo u | costo unitario | tariffa | cena | cena jednostkowa | cena jedn |
        cena netto | cena jednostkowa netto | cena jedn netto | preco | preco unitario | preco unit | a pris |
        styckpris | enhedspris | pris | a hinta | yksikkohinta | cena za jednotku | cena za mj | enhetspris | stk
        pris | unit price ex vat | a | pris pr stk | pris per stk | cena ks | cena kus
        """
    ),
    "amount": split_bars(
        """
        amount | total | line total | total price | sum | net amount | line amount | total amount | subtotal | total
        excl vat | amount net | total net | net | extended price | ext price | amount excl vat | net value | total
        cost | price total | net total | sub total | value | line net | total value | amount due | gesamtpreis |
        gesamt | betrag | summe | g preis | gesamtbetrag | gp | netto | nettobetrag | wert | gesamt netto |
        gesamtpreis netto | gesamt eur | betrag eur | summe netto | betrag netto | positionspreis | zeilenbetrag |
        gesamtpreis eur | total netto | warenwert | endpreis | netto betrag | nettosumme | montant | total ht |
        montant ht | prix total | total ligne | montant h t | total h t | prix total ht | montant total | montant
        net | montant total ht | bedrag | totaal | totaalprijs | totaal excl | regeltotaal | totaal excl btw |
        bedrag excl btw | subtotaal | importe | total linea | importe neto | importe total | base | precio total |
        base imponible | monto | importo | totale | prezzo totale | totale netto | imponibile | importo netto |
        importo totale | wartosc | wartosc netto | kwota | kwota netto | valor | valor total | belopp | belob |
        summa | yhteensa | celkem | suma | totalt | razem
        | belop | extended | extended amount | charge | cena celkem | celkem bez dph
        """
    ),
    "tax_rate": split_bars(
        """
        vat | tax | vat rate | vat % | tax rate | gst | mwst | ust | mwst satz | ust satz | steuersatz | steuer |
        tva | taux tva | taux | tx tva | btw | btw tarief | iva | tipo iva | aliquota | aliquota iva | stawka vat |
        stawka | moms | momssats | alv | dph | vat code | btw percentage | tax percent | sales tax | tax % | steuer
        satz | ali iva | al iva | cod iva
        """
    ),
    "tax_amount": split_bars(
        """
        vat amount | tax amount | mwst betrag | ust betrag | steuerbetrag | montant tva | btw bedrag | importe iva |
        cuota iva | importo iva | kwota vat | momsbelopp | valor iva
        """
    ),
    "gross_amount": split_bars(
        """
        gross | gross amount | total incl vat | brutto | bruttobetrag | total ttc | montant ttc | ttc | totaal incl
        | totaal incl btw | wartosc brutto | gesamt brutto | gross total | amount incl vat | total inc vat | kwota
        brutto | brutto gesamt | total including vat | prix ttc
        """
    ),
    "discount": split_bars(
        """
        discount | disc | rabatt | remise | korting | descuento | dto | sconto | rabat | desconto | discount % | sc
        | nachlass | alennus | sleva
        """
    ),
    "date": split_bars(
        """
        date | datum | fecha | data | dato | dates | service date | leistungsdatum
        """
    ),
}

#: Concept to the words of a schema's property.
NAMES: dict[str, tuple[str, ...]] = {
    "invoice_number": split_bars(
        """
        number | document number | receipt number | transaction number | bill number | invoice ref
        """
    ),
    "invoice_date": split_bars(
        """
        date | issued | issue date | issued at | invoiced on | purchase date | transaction date
        """
    ),
    "due_date": split_bars(
        """
        due | payment due | payment deadline | payable until | due at
        """
    ),
    "delivery_date": split_bars(
        """
        service date | supply date | shipped at
        """
    ),
    "order_number": split_bars(
        """
        po number | purchase order | order | order reference | buyer reference number
        """
    ),
    "customer_number": split_bars(
        """
        customer number | customer id | client id | account number customer
        """
    ),
    "subtotal": split_bars(
        """
        subtotal | sub total | net | net total | net amount | total net | amount net | total excl tax | total excl
        vat | total without tax | total before tax | untaxed amount | amount untaxed | net sum | total excluding tax
        | total excluding vat | tax basis total | tax base | subtotal amount | total ht | taxable amount | amount
        excl vat | total without vat | total amount excl vat | line total
        """
    ),
    "tax_amount": split_bars(
        """
        tax | vat | tax amount | vat amount | total tax | total vat | tax total | vat total | sales tax | gst | gst
        amount | taxes | total tax amount | amount tax | tva | total taxes | tax sum
        """
    ),
    "tax_rate": split_bars(
        """
        tax rate | vat rate | tax percent | vat percent | tax percentage | vat percentage | gst rate
        """
    ),
    "total": split_bars(
        """
        total | grand total | total amount | amount | gross | gross total | total gross | gross amount | total incl
        tax | total incl vat | invoice total | total price | total due | total with tax | sum | total including tax
        | total including vat | amount total | total ttc | total with vat | total sum | invoice amount | total
        amount incl vat | final total | total invoice amount | total payable
        """
    ),
    "amount_due": split_bars(
        """
        amount due | balance due | due amount | balance | payable | due payable | amount payable | outstanding
        amount | due payable amount | open amount | total amount due | to pay
        """
    ),
    "amount_paid": split_bars(
        """
        amount paid | paid | prepaid | prepaid amount | paid amount | deposit | total prepaid
        """
    ),
    "discount": split_bars(
        """
        discount | discount amount | total discount | rebate
        """
    ),
    "shipping": split_bars(
        """
        shipping | shipping cost | shipping costs | delivery cost | freight | shipping amount | postage
        """
    ),
    "iban": split_bars(
        """
        iban | bank account iban | account iban
        """
    ),
    "bic": split_bars(
        """
        bic | swift | swift code | bic code
        """
    ),
    "vat_id": split_bars(
        """
        vat id | vat number | vat no | vat | tax id | vat identification number | vat registration number
        """
    ),
    "tax_number": split_bars(
        """
        tax number | steuernummer | fiscal code
        """
    ),
    "phone": split_bars(
        """
        phone | phone number | telephone | tel | mobile
        """
    ),
    "email": split_bars(
        """
        email | e mail | email address | mail
        """
    ),
    "website": split_bars(
        """
        website | web | url | homepage | web site
        """
    ),
    "currency": split_bars(
        """
        currency | currency code | invoice currency | invoice currency code | currency iso
        """
    ),
    "name": split_bars(
        """
        name | company | company name | legal name | organization | organisation | business name
        """
    ),
    "address": split_bars(
        """
        address | full address | postal address | location address | billing address
        """
    ),
    "street": split_bars(
        """
        street | street address | address line 1 | address line | line 1 | line1 | street name
        """
    ),
    "city": split_bars(
        """
        city | town | city name | locality
        """
    ),
    "postal_code": split_bars(
        """
        postal code | zip | zip code | postcode | postalcode | post code | plz
        """
    ),
    "country": split_bars(
        """
        country | country code | country name
        """
    ),
    "payment_terms": split_bars(
        """
        payment terms | terms
        """
    ),
    "payment_method": split_bars(
        """
        payment method | payment type | payment means
        """
    ),
    "contact": split_bars(
        """
        contact | contact person | contact name
        """
    ),
}
